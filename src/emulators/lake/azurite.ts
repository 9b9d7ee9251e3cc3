/** Azurite, Microsoft's emulator of Azure Storage, as a child process. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { reasonOf } from '../../core/errors.ts'
import { SECOND } from '../../core/time.ts'

/** Azurite's well-known account and its key: public constants of every Azurite and of the older emulator. */
export const DEV_ACCOUNT = 'devstoreaccount1'
export const DEV_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** A cold start on a busy laptop takes a few seconds. */
const START_LIMIT_MS = 60 * SECOND
/** For writing the databases; what has not ended by then is killed. */
const STOP_LIMIT_MS = 10 * SECOND
/** Azurite's default of 5 s resets idle connections that its clients are about to use again. */
const KEEP_ALIVE_SECONDS = 60
const LAST_LINES = 20

const GUARD = new URL('./azurite-guard.ts', import.meta.url).href
const SERVICES = ['Blob', 'Queue', 'Table'] as const
const LISTENING = /^Azurite (Blob|Queue|Table) service is successfully listening at http:\/\/[^/]*:(\d+)/

type Service = (typeof SERVICES)[number]
type Child = ChildProcessByStdio<Writable, Readable, Readable>
type Ports = Record<Service, number>

export interface AzuriteOptions {
  /** Folder of the data; absent: everything is kept in memory and lost on close. */
  location?: string | undefined
  /** 0 (default) picks a free port. */
  blobPort?: number | undefined
  queuePort?: number | undefined
  tablePort?: number | undefined
  log?: ((message: string, fields?: Record<string, unknown>) => void) | undefined
}

export interface Azurite {
  /** `http://127.0.0.1:PORT/devstoreaccount1` */
  blobUrl: string
  queueUrl: string
  tableUrl: string
  ports: { blob: number; queue: number; table: number }
  connectionString: string
  pid: number
  /** When the process has ended, whoever ended it. Never rejects. */
  exited: Promise<AzuriteExit>
  /** Ends Azurite; it writes its databases first. What was acknowledged is on disk then. */
  close(): Promise<void>
}

export interface AzuriteExit {
  code: number | null
  signal: NodeJS.Signals | null
}

/**
 * Starts Azurite on 127.0.0.1 and resolves when its three services listen. Rejects with Azurite's last
 * output when it ends before that (a taken port, a folder that cannot be written) or takes too long.
 *
 * The child is in a process group of its own, so that Ctrl-C in the terminal does not take the storage away
 * from a parent that is still finishing its work; it ends with `close` or with the parent, however that ends.
 * A child that is killed outright may forget its last 5 s of changes, Azurite's interval of saving.
 */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const log = options.log ?? (() => undefined)
  const child = spawn(process.execPath, ['--import', GUARD, azuriteMain(), ...toFlags(options)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
    env: { ...process.env, AZURITE_ACCOUNTS: undefined },
  })
  // Ended by itself while we were closing its input: `exited` tells.
  child.stdin.on('error', () => undefined)
  const exited = exitOf(child)
  const ports = await portsOf(child, exited).catch(async error => {
    child.kill('SIGKILL')
    await exited
    throw error
  })
  log('azurite is up', { pid: child.pid, ...ports })

  async function close(): Promise<void> {
    child.stdin.end()
    const limit = setTimeout(() => {
      log('azurite did not end in time and is killed', { pid: child.pid, limitMs: STOP_LIMIT_MS })
      child.kill('SIGKILL')
    }, STOP_LIMIT_MS)
    await exited
    clearTimeout(limit)
  }

  return { ...addressesOf(ports), pid: child.pid ?? 0, exited, close }
}

function azuriteMain(): string {
  const require = createRequire(import.meta.url)
  try {
    const manifest = require.resolve('azurite/package.json')
    const { bin } = require(manifest) as { bin: { azurite: string } }
    return join(dirname(manifest), bin.azurite)
  } catch (cause) {
    throw new Error('The package azurite is not installed; the local lake needs it: npm install', { cause })
  }
}

function toFlags(options: AzuriteOptions): string[] {
  const { location, blobPort = 0, queuePort = 0, tablePort = 0 } = options
  const services = Object.entries({ blob: blobPort, queue: queuePort, table: tablePort })
  return [
    '--silent',
    '--disableTelemetry',
    '--skipApiVersionCheck',
    // Accounts are always the first segment of the path, whatever name a client calls this machine by.
    '--disableProductStyleUrl',
    ...(location === undefined ? ['--inMemoryPersistence'] : ['--location', location]),
    ...services.flatMap(([service, port]) => [
      `--${service}Port`,
      String(port),
      `--${service}KeepAliveTimeout`,
      String(KEEP_ALIVE_SECONDS),
    ]),
  ]
}

function exitOf(child: Child): Promise<AzuriteExit> {
  return new Promise(resolve => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}

/** Reads both outputs for as long as the child lives: a full pipe would stop it. */
function portsOf(child: Child, exited: Promise<AzuriteExit>): Promise<Ports> {
  return new Promise((resolve, reject) => {
    const ports: Partial<Ports> = {}
    const last: string[] = []
    const fail = (what: string, cause?: unknown) =>
      reject(
        new Error(`Azurite ${what}. ${last.length > 0 ? last.join(' | ') : 'It printed nothing.'}`, {
          cause,
        }),
      )
    const limit = setTimeout(
      () => fail(`did not come up within ${START_LIMIT_MS / SECOND} s`),
      START_LIMIT_MS,
    )
    const read = (line: string) => {
      last.push(line)
      if (last.length > LAST_LINES) last.shift()
      const [, service, port] = LISTENING.exec(line) ?? []
      if (service !== undefined) ports[service as Service] = Number(port)
      if (!isComplete(ports)) return
      clearTimeout(limit)
      resolve(ports)
    }
    onLines(child.stdout, read)
    onLines(child.stderr, read)
    child.once('error', error => fail(`could not be run: ${reasonOf(error)}`, error))
    void exited.then(({ code, signal }) => {
      clearTimeout(limit)
      fail(`ended before it was up (${signal ?? `exit code ${code}`})`)
    })
  })
}

function isComplete(ports: Partial<Ports>): ports is Ports {
  return SERVICES.every(service => ports[service] !== undefined)
}

function onLines(stream: Readable, read: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') read(line.trim())
  })
}

function addressesOf({ Blob: blob, Queue: queue, Table: table }: Ports) {
  const urlOf = (port: number) => `http://127.0.0.1:${port}/${DEV_ACCOUNT}`
  const connectionString = [
    'DefaultEndpointsProtocol=http',
    `AccountName=${DEV_ACCOUNT}`,
    `AccountKey=${DEV_KEY}`,
    `BlobEndpoint=${urlOf(blob)}`,
    `QueueEndpoint=${urlOf(queue)}`,
    `TableEndpoint=${urlOf(table)}`,
  ].join(';')
  const ports = { blob, queue, table }
  return { blobUrl: urlOf(blob), queueUrl: urlOf(queue), tableUrl: urlOf(table), ports, connectionString }
}
