/** The processes of `lakemark serve`: killed, frozen, and started again as a supervisor does. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'

const PRELOAD = new URL('./worker-preload.ts', import.meta.url).href
const COMMAND = fileURLToPath(new URL('../../src/cli/lakemark.js', import.meta.url))
const ADDRESS = /service\s+(http:\S+)\s/
const START_LIMIT_MS = 60_000
const POLL_MS = 25
/** A worker does not start while its storage is away: the supervisor tries again. */
const MAX_STARTS = 40
const START_AGAIN_MS = 500

export interface Workers {
  /** Base URLs of those that are up, frozen ones among them. */
  addresses(): string[]
  /** How many there are when all are up. */
  size: number
  /** kill -9, away for a while, started again. False: it was not up. */
  kill(slot: number, awayMs: number): Promise<boolean>
  freeze(slot: number, milliseconds: number): Promise<boolean>
  /** All of them, by kill -9, at once; then as many new ones with other variables. */
  replace(env: Record<string, string>): Promise<void>
  startsRepeated(): number
  /** Workers that have ended by themselves. */
  complaints(): string[]
  close(): Promise<void>
}

interface Slot {
  child: Child | undefined
  address: string | undefined
}

export interface WorkersOptions {
  count: number
  env: Record<string, string>
  /** Where each of them logs. */
  folder: string
}

/** Resolves when all of them are ready. */
export async function startWorkers({ count, env: initialEnv, folder }: WorkersOptions): Promise<Workers> {
  const slots: Slot[] = Array.from({ length: count }, () => ({ child: undefined, address: undefined }))
  const complaints: string[] = []
  let env = initialEnv
  let repeated = 0
  let isClosed = false

  async function start(slot: Slot): Promise<void> {
    const logFile = join(folder, `worker-${slots.indexOf(slot) + 1}.log`)
    for (let starts = 1; !isClosed; starts += 1) {
      const child = startChild({ args: ['--import', PRELOAD, COMMAND, 'serve'], env, logFile })
      slot.child = child
      const address = await addressOf(child)
      if (address !== undefined) {
        slot.address = address
        void child.exited.then(how => watchOver(slot, child, how))
        return
      }
      if (child.wasKilled()) return
      repeated += 1
      if (starts === MAX_STARTS) throw new Error(`a worker does not start: ${child.output()}`)
      await wait(START_AGAIN_MS)
    }
  }

  function watchOver(slot: Slot, child: Child, how: string): void {
    if (slot.child === child) slot.address = undefined
    if (child.wasKilled()) return
    complaints.push(`worker ${slots.indexOf(slot) + 1} ended by itself (${how}): ${child.output()}`)
    start(slot).catch(error => complaints.push(String(error)))
  }

  async function end(slot: Slot): Promise<void> {
    slot.address = undefined
    await slot.child?.kill()
  }

  async function close(): Promise<void> {
    isClosed = true
    await Promise.all(slots.map(end))
  }

  try {
    await Promise.all(slots.map(start))
  } catch (error) {
    await close()
    throw error
  }
  return {
    addresses: () => slots.flatMap(({ address }) => address ?? []),
    size: count,
    async kill(index, awayMs) {
      const slot = slots[index]
      if (slot?.address === undefined) return false
      await end(slot)
      await wait(awayMs)
      await start(slot)
      return true
    },
    async freeze(index, milliseconds) {
      const child = slots[index]?.child
      if (child === undefined || slots[index]?.address === undefined) return false
      child.freeze()
      await wait(milliseconds)
      child.thaw()
      return true
    },
    async replace(other) {
      await Promise.all(slots.map(end))
      env = { ...env, ...other }
      await Promise.all(slots.map(start))
    },
    startsRepeated: () => repeated,
    complaints: () => [...complaints],
    close,
  }
}

/** Undefined: it has ended before it was ready. */
async function addressOf(child: Child): Promise<string | undefined> {
  const deadline = Date.now() + START_LIMIT_MS
  while (!child.hasExited()) {
    const [, address] = ADDRESS.exec(child.output()) ?? []
    if (address !== undefined) return address
    if (Date.now() > deadline) {
      await child.kill()
      throw new Error(`a worker was not ready in time: ${child.output()}`)
    }
    await wait(POLL_MS)
  }
  return undefined
}
