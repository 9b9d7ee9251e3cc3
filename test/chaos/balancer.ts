/** What stands between Event Grid and the workers: gives each post to one that lives, and is unreliable. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from './random.ts'

const DUPLICATED = 0.05
const ACKNOWLEDGEMENT_LOST = 0.03
const DELAYED = 0.1
const LONGEST_DELAY_MS = 2000
/** The service's own front end answers in place of a worker that does not. */
const WORKER_LIMIT_MS = 20_000
const HEADERS = ['content-type', 'aeg-event-type', 'aeg-subscription-name', 'aeg-delivery-count']

export interface Balancer {
  url: string
  /** What was done to posts, by name. */
  counts(): Record<string, number>
  /** From now on posts are only passed on. */
  calm(): void
  close(): Promise<void>
}

/** `workers`: the base URLs of those that live now. */
export async function startBalancer(workers: () => readonly string[], random: Random): Promise<Balancer> {
  const counts: Record<string, number> = {}
  let isCalm = false
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    const post = { method: 'POST', headers: passedOn(request), body }
    const isNotification = request.headers['aeg-event-type'] === 'Notification'
    const strikes = (probability: number) => isNotification && !isCalm && random.chance(probability)
    if (strikes(DELAYED)) {
      count('posts delayed')
      await wait(random.below(LONGEST_DELAY_MS))
    }
    if (strikes(DUPLICATED)) {
      count('posts repeated')
      void send(request.url ?? '', post)
    }
    const isLost = strikes(ACKNOWLEDGEMENT_LOST)
    const answer = await send(request.url ?? '', post)
    if (isLost) {
      count('acknowledgements of posts lost')
      request.socket.destroy()
      return
    }
    if (answer.status === 503) count('posts refused, no worker there')
    response.writeHead(answer.status, { 'content-type': answer.type })
    response.end(answer.text)
  }

  /** Never rejects: a worker that dies over it, or is frozen, is an answer too. */
  async function send(
    path: string,
    post: RequestInit,
  ): Promise<{ status: number; type: string; text: string }> {
    const live = workers()
    if (live.length === 0) return { status: 503, type: 'text/plain', text: 'no worker' }
    try {
      const signal = AbortSignal.timeout(WORKER_LIMIT_MS)
      const answer = await fetch(`${random.pick(live)}${path}`, { ...post, signal })
      const type = answer.headers.get('content-type') ?? 'text/plain'
      return { status: answer.status, type, text: await answer.text() }
    } catch (error) {
      return { status: 502, type: 'text/plain', text: String(error) }
    }
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the balancer has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    counts: () => ({ ...counts }),
    calm: () => {
      isCalm = true
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function passedOn({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    HEADERS.flatMap(name => {
      const value = headers[name]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
}
