/**
 * Azurite on disk behind gateways, and the faults that a storage account may have. It may be away, slow, frozen, cut
 * a request short or do it without an answer; what it may not do is forget what it has acknowledged, for no storage
 * account does. Azurite itself would: its databases are written every 5 s, and a kill -9 loses what came since. So a
 * kill -9 here begins as it does for the clients, with all connections cut at a random moment, and strikes the
 * process as soon as its databases are on disk: whatever was acknowledged before the cut has been kept.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Azurite, DEV_ACCOUNT, DEV_KEY, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { type Gateway, startGateway } from './gateway.ts'

/** LokiJS looks every 5 s whether there is something to save. */
const SAVED_AFTER_MS = 5500
const POLL_MS = 100
/** Longer than an answer takes that was under way when the connections were cut. */
const LAST_ANSWERS_MS = 500
const ANSWER_LIMIT_MS = 60_000

export type StorageService = 'blob' | 'queue' | 'table'
export const STORAGE_SERVICES: readonly StorageService[] = ['blob', 'queue', 'table']

export interface Storage {
  /** For workers, through the gateways. */
  connectionString: string
  /** Blob endpoint of the same storage that meets no trouble but restarts: for the lake's front and the checker. */
  lake: string
  /** Queue endpoint of that kind. */
  queues: string
  gateways: Record<StorageService, Gateway>
  freeze(milliseconds: number): Promise<void>
  /**
   * Cut off, ended in peace, away for a while, started again. While the lake is written to by nobody: what the
   * lake's front had asked for is done and answered first. A storage account does not forget the event of a write.
   */
  restart(awayMs: number): Promise<void>
  /** The same, killed once it has saved, away for a while, started again. */
  kill(awayMs: number): Promise<void>
  close(): Promise<void>
}

/** `location`: a folder of its own. */
export async function startStorage(location: string): Promise<Storage> {
  let azurite: Azurite = await startAzurite({ location })
  const gateways = {
    blob: await startGateway(azurite.ports.blob),
    queue: await startGateway(azurite.ports.queue),
    table: await startGateway(azurite.ports.table),
  }
  const calm = {
    blob: await startGateway(azurite.ports.blob),
    queue: await startGateway(azurite.ports.queue),
  }

  const all = () => Object.values(gateways)
  async function away(end: () => Promise<void>, awayMs: number): Promise<void> {
    await untilAnswered(calm.blob)
    for (const gateway of all()) gateway.setMode('down')
    await end()
    await wait(awayMs)
    azurite = await startAzurite({ location })
    for (const service of STORAGE_SERVICES) gateways[service].setTarget(azurite.ports[service])
    calm.blob.setTarget(azurite.ports.blob)
    calm.queue.setTarget(azurite.ports.queue)
    for (const gateway of all()) gateway.setMode('open')
  }

  return {
    connectionString: connectionStringOf(gateways),
    lake: urlOf(calm.blob),
    queues: urlOf(calm.queue),
    gateways,
    async freeze(milliseconds) {
      const { pid } = azurite
      const thaw = () => void process.kill(pid, 'SIGCONT')
      // Frozen, it would not notice the end of this process.
      process.once('exit', thaw)
      process.kill(pid, 'SIGSTOP')
      await wait(milliseconds)
      thaw()
      process.off('exit', thaw)
    },
    restart: awayMs =>
      away(async () => {
        calm.blob.reset()
        calm.queue.reset()
        await azurite.close()
      }, awayMs),
    kill: awayMs =>
      away(async () => {
        await untilSaved(location)
        process.kill(azurite.pid, 'SIGKILL')
        await azurite.exited
      }, awayMs),
    async close() {
      await Promise.all([...all(), ...Object.values(calm)].map(gateway => gateway.close()))
      await azurite.close()
    },
  }
}

/** Uploads whose client has gone may still be under way, and their events are to be made. */
async function untilAnswered(gateway: Gateway): Promise<void> {
  const deadline = Date.now() + ANSWER_LIMIT_MS
  for (let idleSince = Date.now(); Date.now() - idleSince < LAST_ANSWERS_MS; await wait(POLL_MS)) {
    if (gateway.waiting() > 0) idleSince = Date.now()
    if (Date.now() > deadline) throw new Error('the lake does not answer its front any more')
  }
}

/** Nobody asks for changes any more: once no database has been written for longer than the interval, all are. */
async function untilSaved(location: string): Promise<void> {
  await wait(LAST_ANSWERS_MS)
  const from = Date.now()
  for (;;) {
    const names = (await readdir(location)).filter(name => /^__azurite_db_.*\.json~?$/.test(name))
    if (names.length === 0) throw new Error(`Azurite keeps no databases in ${location}`)
    const isBeingWritten = names.some(name => name.endsWith('~'))
    // A database that has just been renamed is there again at the next look.
    const times = await Promise.all(
      names.map(name => stat(join(location, name)).then(({ mtimeMs }) => mtimeMs, Date.now)),
    )
    const last = Math.max(from, ...times)
    if (!isBeingWritten && Date.now() - last > SAVED_AFTER_MS) return
    await wait(POLL_MS)
  }
}

function connectionStringOf(gateways: Record<StorageService, Gateway>): string {
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${DEV_ACCOUNT}`,
    `AccountKey=${DEV_KEY}`,
    `BlobEndpoint=${urlOf(gateways.blob)}`,
    `QueueEndpoint=${urlOf(gateways.queue)}`,
    `TableEndpoint=${urlOf(gateways.table)}`,
  ].join(';')
}

function urlOf({ port }: Gateway): string {
  return `http://127.0.0.1:${port}/${DEV_ACCOUNT}`
}
