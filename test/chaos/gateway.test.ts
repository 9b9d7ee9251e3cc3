import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'

async function listen(text: string, heard: string[]): Promise<Server> {
  const server = createServer((request, response) => {
    heard.push(request.url ?? '')
    response.end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

describe('a gateway', () => {
  let heard: string[]
  let service: Server
  let gateway: Gateway

  beforeEach(async () => {
    heard = []
    service = await listen('answer', heard)
    gateway = await startGateway(portOf(service))
  })
  afterEach(async () => {
    await gateway.close()
    service.closeAllConnections()
    service.close()
  })

  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${gateway.port}${path}`)).text()

  it('passes requests and answers', async () => {
    expect(await ask('/a')).toBe('answer')
    expect(heard).toEqual(['/a'])
  })

  it('lets a request be done and loses the answer while it is deaf, and is well again afterwards', async () => {
    gateway.setMode('deaf')
    const asked = ask('/b')
    const failed = expect(asked).rejects.toThrow('fetch failed')
    await expect.poll(() => heard).toEqual(['/b'])
    gateway.setMode('open')
    await failed
    expect(await ask('/c')).toBe('answer')
  })

  it('lets nobody in while it is down', async () => {
    gateway.setMode('down')
    await expect(ask('/d')).rejects.toThrow('fetch failed')
    expect(heard).toEqual([])
    gateway.setMode('open')
    expect(await ask('/e')).toBe('answer')
  })

  it('cuts requests off in the middle', async () => {
    service.removeAllListeners('request')
    service.on('request', request => heard.push(request.url ?? ''))
    const asked = ask('/f')
    const failed = expect(asked).rejects.toThrow('fetch failed')
    await expect.poll(() => heard).toEqual(['/f'])
    expect(gateway.reset()).toBe(1)
    await failed
  })

  it('leads to another process after a restart', async () => {
    const other = await listen('another', [])
    gateway.setTarget(portOf(other))
    gateway.reset()
    expect(await ask('/g')).toBe('another')
    other.closeAllConnections()
    other.close()
  })

  it('still passes everything, whole and in order, when it is slow', async () => {
    const long = Array.from({ length: 20_000 }, (_, index) => `line ${index}`).join('\n')
    const other = await listen(long, [])
    gateway.setTarget(portOf(other))
    gateway.setDelay(2)
    expect(await ask('/h')).toBe(long)
    other.closeAllConnections()
    other.close()
  })
})
