/** What is done to whom and when: planned by a seed before anything happens, then carried out. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from './random.ts'
import { STORAGE_SERVICES } from './storage.ts'
import type { World } from './world.ts'

export type FaultKind =
  | 'kill -9 worker'
  | 'kill -9 all workers'
  | 'freeze worker'
  | 'freeze worker for longer than its leases'
  | 'kill -9 Azure ML'
  | 'freeze Azure ML'
  | 'lose answers of Azure ML'
  | 'restart storage'
  | 'kill -9 storage'
  | 'freeze storage'
  | 'reset storage connections'
  | 'lose answers of storage'
  | 'slow storage'
  | 'reset uploads'
  | 'lose answers of uploads'

export interface Fault {
  kind: FaultKind
  /** Since the start. */
  atMs: number
  /** How long it lasts: away, frozen, slow. */
  lastsMs: number
  /** Chooses among workers or services. */
  choice: number
}

/** How often each comes in two minutes, and how long it lasts. */
const USUAL: Record<FaultKind, { times: number; lastsMs: readonly [number, number] }> = {
  'kill -9 worker': { times: 12, lastsMs: [200, 3000] },
  'kill -9 all workers': { times: 1, lastsMs: [200, 1000] },
  'freeze worker': { times: 4, lastsMs: [2000, 9000] },
  'freeze worker for longer than its leases': { times: 1, lastsMs: [65_000, 70_000] },
  'kill -9 Azure ML': { times: 6, lastsMs: [200, 3000] },
  'freeze Azure ML': { times: 3, lastsMs: [500, 4000] },
  'lose answers of Azure ML': { times: 5, lastsMs: [100, 800] },
  'restart storage': { times: 2, lastsMs: [100, 2000] },
  'kill -9 storage': { times: 2, lastsMs: [100, 1000] },
  'freeze storage': { times: 3, lastsMs: [500, 4000] },
  'reset storage connections': { times: 10, lastsMs: [0, 0] },
  'lose answers of storage': { times: 10, lastsMs: [20, 500] },
  'slow storage': { times: 4, lastsMs: [500, 4000] },
  'reset uploads': { times: 5, lastsMs: [0, 0] },
  'lose answers of uploads': { times: 5, lastsMs: [20, 200] },
}
const USUAL_SECONDS = 120
const SLOW_MS = 60
/** Everything is up and at work by then. */
const FIRST_SHARE = 0.03

export type Times = Partial<Record<FaultKind, number>>

/** As many of each as usual for that time, or as `times` says, which leaves out what it does not name. */
export function planFaults(seconds: number, random: Random, times?: Times): Fault[] {
  const kinds = Object.keys(USUAL) as FaultKind[]
  const faults = kinds.flatMap(kind => {
    const [shortest, longest] = USUAL[kind].lastsMs
    const count = times === undefined ? usual(kind, seconds) : (times[kind] ?? 0)
    return Array.from({ length: count }, () => ({
      kind,
      atMs: (FIRST_SHARE + (1 - FIRST_SHARE) * random.next()) * startSpan(kind, seconds),
      lastsMs: shortest + random.below(longest - shortest + 1),
      choice: random.below(2 ** 16),
    }))
  })
  return faults.sort((a, b) => a.atMs - b.atMs)
}

function usual(kind: FaultKind, seconds: number): number {
  if (isLong(kind) && seconds < USUAL_SECONDS) return 0
  return Math.max(1, Math.round((USUAL[kind].times * seconds) / USUAL_SECONDS))
}

/** What lasts long begins early, to be over in time. */
function startSpan(kind: FaultKind, seconds: number): number {
  return isLong(kind) ? (seconds * 1000) / 4 : seconds * 1000
}

function isLong(kind: FaultKind): boolean {
  return kind === 'freeze worker for longer than its leases'
}

/**
 * Carries the plan out; resolves when the last fault is over. Faults of one part of the world come one after the
 * other, and one that meets its victim down already passes. `tell` hears of each that strikes.
 */
export async function commitFaults(
  world: World,
  faults: readonly Fault[],
  tell: (fault: Fault, what: string) => void,
): Promise<Map<FaultKind, number>> {
  const struck = new Map<FaultKind, number>()
  const queues = new Map<string, Promise<unknown>>()
  const begun = Date.now()
  const running: Promise<unknown>[] = []
  for (const fault of faults) {
    await wait(Math.max(0, begun + fault.atMs - Date.now()))
    const part = partOf(fault, world)
    const turn = (queues.get(part) ?? Promise.resolve()).then(async () => {
      const what = await strike(world, fault)
      if (what === undefined) return
      struck.set(fault.kind, (struck.get(fault.kind) ?? 0) + 1)
      tell(fault, what)
    })
    // Heard of at the end.
    turn.catch(() => undefined)
    queues.set(part, turn)
    running.push(turn)
  }
  await Promise.all(running)
  return struck
}

/** Workers are hurt one by one, in any combination; a part of the world is not hurt in two ways at once. */
function partOf({ kind, choice }: Fault, { workers }: World): string {
  if (kind.includes('Azure ML')) return 'Azure ML'
  if (kind.includes('storage')) return 'storage'
  if (kind.includes('uploads')) return 'uploads'
  return kind.includes('all') ? 'all workers' : `worker ${choice % workers.size}`
}

/** What happened, for people; undefined: nothing, as the victim was not there. */
async function strike(world: World, { kind, lastsMs, choice }: Fault): Promise<string | undefined> {
  const { storage, azureMl, workers, uploads, gate } = world
  const service = STORAGE_SERVICES[choice % STORAGE_SERVICES.length] ?? 'table'
  const slot = choice % workers.size
  const name = `worker ${slot + 1}`
  switch (kind) {
    case 'kill -9 worker':
      return (await workers.kill(slot, lastsMs)) ? name : undefined
    case 'kill -9 all workers': {
      const slots = Array.from({ length: workers.size }, (_, index) => index)
      const killed = await Promise.all(slots.map(index => workers.kill(index, lastsMs)))
      return killed.includes(true) ? `${killed.filter(Boolean).length} workers` : undefined
    }
    case 'freeze worker':
    case 'freeze worker for longer than its leases':
      return (await workers.freeze(slot, lastsMs)) ? name : undefined
    case 'kill -9 Azure ML':
      await azureMl.kill(lastsMs)
      return 'its journal stays'
    case 'freeze Azure ML':
      await azureMl.freeze(lastsMs)
      return 'SIGSTOP, SIGCONT'
    case 'lose answers of Azure ML':
      return during(azureMl.gateway, lastsMs)
    case 'restart storage':
      await gate.whileClosed(() => storage.restart(lastsMs))
      return 'connections cut, databases saved'
    case 'kill -9 storage':
      await gate.whileClosed(() => storage.kill(lastsMs))
      return 'connections cut, killed once saved'
    case 'freeze storage':
      await storage.freeze(lastsMs)
      return 'SIGSTOP, SIGCONT'
    case 'reset storage connections':
      return `${service}: ${storage.gateways[service].reset()} connections`
    case 'lose answers of storage':
      return `${service}: ${await during(storage.gateways[service], lastsMs)}`
    case 'slow storage':
      storage.gateways[service].setDelay(SLOW_MS)
      await wait(lastsMs)
      storage.gateways[service].setDelay(0)
      return `${service}: ${SLOW_MS} ms more each way`
    case 'reset uploads':
      return `${uploads.reset()} connections`
    case 'lose answers of uploads':
      return during(uploads, lastsMs)
  }
}

async function during(gateway: World['uploads'], lastsMs: number): Promise<string> {
  gateway.setMode('deaf')
  await wait(lastsMs)
  gateway.setMode('open')
  return 'requests done, answers thrown away'
}
