import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy for plain http, which is asked for whole addresses; it tells which. */
export async function startForwardProxy() {
  const addresses: string[] = []
  const server = createServer((incoming, answer) => {
    const { url = '', method, headers } = incoming
    addresses.push(url)
    const onward = request(url, { method, headers }, answered => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: (): readonly string[] => addresses,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
