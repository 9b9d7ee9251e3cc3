/** An HTTP server that answers as it is told, which may not be HTTP at all, and counts what it is asked. */

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

export interface RawAnswer {
  status: number
  headers: [string, string][]
  body: string
  /**
   * How the body comes: with its length, in chunks, with a longer length than it has, in chunks of which the last is
   * missing, one byte at a time and slowly for ever, after answers of status 1xx, or not at all. A flood is as much of
   * it as is listened to, a bomb is little that makes 64 MiB when unpacked.
   */
  way:
    | 'length'
    | 'chunks'
    | 'cut short'
    | 'chunks cut short'
    | 'drip'
    | 'informed'
    | 'silence'
    | 'reset'
    | 'flood'
    | 'bomb'
}

export interface HostileServer {
  url: string
  answer(next: RawAnswer): void
  /** The heads of the requests since it was last asked. */
  take(): string[]
  close(): Promise<void>
}

const DRIP_EVERY_MS = 20
const FLOOD_CHUNK = 64 * 1024
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '))

export async function startHostileServer(): Promise<HostileServer> {
  let current: RawAnswer = { status: 503, headers: [], body: '', way: 'length' }
  let heads: string[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let received = ''
    socket.on('data', chunk => {
      received += chunk.toString('latin1')
      const end = received.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = received.slice(0, end)
      const length = Number(/\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (received.length < end + 4 + length) return
      received = ''
      heads.push(head)
      send(socket, current)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: next => {
      current = next
    },
    take() {
      const taken = heads
      heads = []
      return taken
    },
    close: () =>
      new Promise(resolve => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

function send(socket: Socket, { status, headers, body, way }: RawAnswer): void {
  if (way === 'silence') return
  if (way === 'reset') {
    socket.resetAndDestroy()
    return
  }
  const bytes = way === 'bomb' ? BOMB : Buffer.from(body, 'utf8')
  const isChunked = ['chunks', 'chunks cut short', 'drip', 'flood'].includes(way)
  const length = way === 'cut short' ? bytes.length + 10 : bytes.length
  const lines = [
    ...(way === 'informed'
      ? ['HTTP/1.1 102 Processing', '', 'HTTP/1.1 103 Early Hints', 'Link: <x>', '']
      : []),
    `HTTP/1.1 ${status} Whatever`,
    ...headers
      .filter(([name]) => way !== 'bomb' || name !== 'Content-Encoding')
      .map(([name, value]) => `${name}: ${value}`),
    ...(way === 'bomb' ? ['Content-Encoding: gzip'] : []),
    isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`,
    'Connection: close',
    '',
    '',
  ]
  socket.write(lines.join('\r\n'), 'latin1')
  if (way === 'drip') drip(socket)
  else if (way === 'flood') flood(socket, bytes)
  else if (isChunked) {
    socket.write(`${bytes.length.toString(16)}\r\n`)
    socket.write(bytes)
    socket.end(way === 'chunks' ? '\r\n0\r\n\r\n' : '\r\n')
  } else socket.end(bytes)
}

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('1\r\n \r\n'), DRIP_EVERY_MS)
  socket.on('close', () => clearInterval(timer))
}

function flood(socket: Socket, bytes: Buffer): void {
  const text = bytes.length === 0 ? ' ' : bytes
  const chunk = Buffer.alloc(FLOOD_CHUNK, text)
  const framed = Buffer.concat([Buffer.from(`${FLOOD_CHUNK.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])
  const pump = () => {
    let isHeard = true
    while (isHeard && !socket.destroyed) isHeard = socket.write(framed)
  }
  socket.on('drain', pump)
  pump()
}
