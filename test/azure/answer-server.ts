import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What is answered: one body, or the same one after the other until nobody listens any more. */
export interface Answer {
  status?: number
  headers?: Record<string, string>
  body: string | Uint8Array
  endless?: boolean
}

export interface Asked {
  method: string
  /** Without the query. */
  path: string
}

export interface AnswerServer {
  url: string
  answer(next: (asked: Asked) => Answer): void
  /** Since it was last asked. */
  take(): { asked: Asked[]; sentBytes: number }
  /** Answers that are neither finished nor given up by the other side. */
  open(): number
  close(): Promise<void>
}

/** An HTTP server on loopback that sends no faster than it is listened to, and counts what it sends. */
export async function startAnswerServer(): Promise<AnswerServer> {
  let answerTo: (asked: Asked) => Answer = () => ({ status: 503, body: '' })
  let asked: Asked[] = []
  let sentBytes = 0
  let open = 0
  const server = createServer((request, response) => {
    const it = { method: request.method ?? '', path: request.url?.split('?')[0] ?? '' }
    asked.push(it)
    open += 1
    response.on('close', () => {
      open -= 1
    })
    send(request, response, answerTo(it))
  })

  function send(request: IncomingMessage, response: ServerResponse, it: Answer): void {
    const { status = 200, headers = {}, body, endless = false } = it
    request.resume()
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    if (!endless) {
      sentBytes += body.length
      response.end(body)
      return
    }
    const pump = () => {
      let isHeard = true
      while (isHeard && !response.destroyed) {
        sentBytes += body.length
        isHeard = response.write(body)
      }
    }
    response.on('drain', pump)
    pump()
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: next => {
      answerTo = next
    },
    take() {
      const taken = { asked, sentBytes }
      asked = []
      sentBytes = 0
      return taken
    },
    open: () => open,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
