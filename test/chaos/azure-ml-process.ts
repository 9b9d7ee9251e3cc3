/**
 * The emulated Azure ML as a process of its own, so that it can be killed: its options come as JSON in the
 * arguments, its port goes to the parent, and the word `calm` from the parent ends its own troubles.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Interception } from '../../src/emulators/azure-ml/intercepts.ts'
import { startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import type { WorkspaceAddress } from '../../src/emulators/azure-ml/workspaces.ts'
import { createRandom } from './random.ts'

export interface AzureMlOptions {
  workspaces: WorkspaceAddress[]
  stateFile: string
  seed: number
  /** Whether it answers some requests with errors, late or not at all. */
  isTroubled: boolean
}

/** Limits that are never reached: pace has tests of its own. */
const UNLIMITED = { capacity: 1_000_000, perSecond: 100_000 }
const LONGEST_DELAY_MS = 800

/** How often what happens to a request, of one. */
const TROUBLES: readonly { probability: number; what: Interception | 'late' }[] = [
  { probability: 0.01, what: 'hang-up-before' },
  { probability: 0.015, what: 'hang-up-after' },
  { probability: 0.01, what: error(500, 'InternalServerError') },
  { probability: 0.01, what: error(503, 'ServiceUnavailable') },
  { probability: 0.002, what: error(429, 'TooManyRequests', { 'retry-after': '1' }) },
  { probability: 0.005, what: { status: 502, body: '<html><h1>502 Bad Gateway</h1></html>' } },
  { probability: 0.03, what: 'late' },
]

const { isTroubled, seed, ...options } = JSON.parse(process.argv[2] ?? '') as AzureMlOptions
const random = createRandom(seed)
const emulator = await startAzureMlEmulator({
  ...options,
  port: 0,
  buckets: { reads: UNLIMITED, writes: UNLIMITED, deletes: UNLIMITED },
  intercept: isTroubled ? trouble : undefined,
  log: (message, fields) => console.error(message, JSON.stringify(fields)),
})
process.on('message', message => {
  if (message === 'calm') emulator.setIntercept(undefined)
})
process.on('disconnect', () => process.exit(1))
process.send?.({ port: emulator.port })

async function trouble(): Promise<Interception> {
  let left = random.next()
  for (const { probability, what } of TROUBLES) {
    left -= probability
    if (left >= 0) continue
    process.send?.({ trouble: nameOf(what) })
    if (what !== 'late') return what
    await wait(random.below(LONGEST_DELAY_MS))
    return undefined
  }
  return undefined
}

function nameOf(what: Interception | 'late'): string {
  return typeof what === 'object' ? `answered ${what.status}` : String(what)
}

function error(status: number, code: string, headers: Record<string, string> = {}): Interception {
  return { status, headers, body: { error: { code, message: `chaos: ${code}` } } }
}
