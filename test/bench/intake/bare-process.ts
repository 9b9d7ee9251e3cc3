/** A bare server that receives the same bodies and parses them: what no host can do without. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from './child.ts'

let events = 0

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    events += (JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown[]).length
    response.writeHead(202).end()
  })
})

answerParent({
  start: () =>
    new Promise<string>(resolve => {
      server.listen(0, '127.0.0.1', () => {
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events`)
      })
    }),
  usage() {
    const { user, system } = process.cpuUsage()
    return { cpuMs: (user + system) / 1000, events }
  },
})
