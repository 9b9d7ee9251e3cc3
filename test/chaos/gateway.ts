/**
 * A TCP connection with trouble in the middle: what a client sees of a service that restarts, or of a network
 * that fails. Whatever the gateway does, the service behind it never forgets what it has acknowledged.
 */
import { once } from 'node:events'
import { createServer, type Socket, connect as toSocket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * `deaf`: requests go through and are done, their answers are thrown away.
 * `down`: nobody is there; new connections are reset.
 */
export type GatewayMode = 'open' | 'deaf' | 'down'

export interface Gateway {
  port: number
  /** Where connections lead that are made from now on. */
  setTarget(port: number): void
  /** Connections that were deaf are reset with the change: an answer of theirs would be the wrong one. */
  setMode(mode: GatewayMode): void
  /** Each piece of data, in both directions, comes this much later. */
  setDelay(milliseconds: number): void
  /** Resets all connections, in the middle of whatever they carry; answers how many there were. */
  reset(): number
  /** Connections on which the client has spoken last: HTTP requests whose answer has not begun. */
  waiting(): number
  close(): Promise<void>
}

interface Pair {
  client: Socket
  service: Socket
  last: Socket | undefined
}

/** Listens on a free port of 127.0.0.1, which stays while the service behind comes and goes. */
export async function startGateway(initialTarget: number): Promise<Gateway> {
  const pairs = new Set<Pair>()
  let target = initialTarget
  let mode: GatewayMode = 'open'
  let delayMs = 0

  const server = createServer({ allowHalfOpen: true, noDelay: true }, client => {
    client.on('error', () => client.destroy())
    if (mode === 'down') {
      client.resetAndDestroy()
      return
    }
    const service = toSocket({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const pair: Pair = { client, service, last: undefined }
    pairs.add(pair)
    const part = () => {
      pairs.delete(pair)
      cut(pair)
    }
    service.on('error', part)
    for (const socket of [client, service]) socket.once('close', part)
    void pass(pair, client, service, () => false)
    void pass(pair, service, client, () => mode === 'deaf')
  })

  async function pass(pair: Pair, from: Socket, to: Socket, isLost: () => boolean): Promise<void> {
    try {
      for await (const chunk of from) {
        pair.last = from
        if (delayMs > 0) await wait(delayMs)
        if (!isLost() && !to.write(chunk)) await once(to, 'drain')
      }
      to.end()
    } catch {
      // One side was reset: so is the other.
      cut(pair)
    }
  }

  function reset(): number {
    const open = [...pairs]
    pairs.clear()
    open.forEach(cut)
    return open.length
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the gateway has no port')
  return {
    port: address.port,
    setTarget(port) {
      target = port
    },
    setMode(next) {
      if (next === 'down' || mode === 'deaf') reset()
      mode = next
    },
    setDelay(milliseconds) {
      delayMs = milliseconds
    },
    reset,
    waiting: () => [...pairs].filter(({ client, last }) => last === client).length,
    async close() {
      reset()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The client gets a reset rather than an orderly end: it cannot take a torn answer for a whole one. */
function cut({ client, service }: Pair): void {
  if (!client.destroyed) client.resetAndDestroy()
  if (!service.destroyed) service.resetAndDestroy()
}
