import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CountingProxy {
  url: string
  /** Requests that change something, as `METHOD path`, since the last call. */
  takeWrites(): string[]
  close(): Promise<void>
}

/** Passes everything on and remembers the writes: what storage is asked on the wire, whoever asks. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target)
  let writes: string[] = []
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '/' } = incoming
    if (method !== 'GET' && method !== 'HEAD') writes.push(`${method} ${url.split('?')[0]}`)
    const onward = request({ hostname, port, method, path: url, headers: incoming.headers }, answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeWrites() {
      const taken = writes
      writes = []
      return taken
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
