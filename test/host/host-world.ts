import { setTimeout as pause } from 'node:timers/promises'
import { QueueServiceClient } from '@azure/storage-queue'
import { SECOND } from '../../src/core/time.ts'
import { type Host, type HostOptions, parseHostJson, startHost } from '../../src/host/host.ts'

export interface LogLine {
  level: string
  message: string
  fields: Record<string, unknown>
}

export interface TestHost extends Host {
  lines: LogLine[]
}

export type TestHostOptions = Partial<Omit<HostOptions, 'hostJson' | 'log'>> & {
  register: () => void
  hostJson?: object
}

const WAIT_LIMIT_MS = 30 * SECOND
const LOOK_EVERY_MS = 20

/** A host on a free port whose app is what `register` registers; queues lead nowhere unless told. */
export async function startTestHost(options: TestHostOptions): Promise<TestHost> {
  const { register, hostJson = {}, ...rest } = options
  const lines: LogLine[] = []
  const host = await startHost({
    port: 0,
    load: async () => register(),
    queueService: () => new QueueServiceClient('http://127.0.0.1:9/nowhere'),
    setting: () => undefined,
    ...rest,
    hostJson: parseHostJson(JSON.stringify({ version: '2.0', ...hostJson })),
    log: (level, message, fields = {}) => lines.push({ level, message, fields }),
  })
  return { ...host, lines }
}

/** Asks until the answer is right; fails with what was seen last. */
export async function eventually<T>(ask: () => T | Promise<T>, isRight: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + WAIT_LIMIT_MS
  for (;;) {
    const value = await ask()
    if (isRight(value)) return value
    if (Date.now() > deadline) throw new Error(`waited in vain; seen last: ${JSON.stringify(value)}`)
    await pause(LOOK_EVERY_MS)
  }
}

/** A promise and the function that fulfils it. */
export function createGate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open }
}
