import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface StubAnswer {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

export interface Asked {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

/** What no service of ours would do on demand, such as to be overloaded. `answer` undefined: it never answers. */
export async function startStub(answer: (asked: Asked, count: number) => StubAnswer | undefined) {
  const asked: Asked[] = []
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const call = { method, url, headers, body: Buffer.concat(chunks).toString() }
    asked.push(call)
    const answered = answer(call, asked.length)
    if (answered === undefined) return
    const { status, body, headers: more } = answered
    response.writeHead(status, { 'Content-Type': 'application/json', ...more })
    response.end(typeof body === 'string' ? body : JSON.stringify(body ?? {}))
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** Of `GET /api/assets`. */
export const page = (names: readonly string[], continuation: string | null): StubAnswer => ({
  status: 200,
  body: {
    assets: names.map(name => ({
      name,
      type: 'uri_file',
      latest: 1,
      rule: 'r',
      cutAt: null,
      gathering: 0,
      workspaces: {},
    })),
    unreadable: [],
    continuation,
  },
})
