/** Rounds of the product and of the floor in turns, so that what else the machine does meets both. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Azurite, startAzurite } from '../../../src/emulators/lake/azurite.ts'
import { type Child, startChild } from './child.ts'
import { emptyStorage } from './empty-storage.ts'
import { cpuMsOf } from './figures.ts'
import type { FloorOptions, FloorRun } from './floor-process.ts'
import { bodiesOf, createSender, type Sender } from './load.ts'
import type { ProductOptions, Usage } from './product-process.ts'
import type { Scenario } from './scenarios.ts'

export interface Options {
  /** Events a request. */
  batch: number
  /** Requests under way at a time. */
  requests: number
  rounds: number
  /** Of the scenario's number of events. */
  scale: number
  /**
   * V8 makes a process faster for some seconds, Lakemark's as the floor's and Azurite's, and how fast they are on the
   * way is of no interest: so long each Azurite is kept busy before anything is measured, the floor's by half with
   * transactions and by half with upserts.
   */
  warmUpMs: number
}

/** Events per second, one value a round. */
export interface Measured {
  events: number
  product: number[]
  transactions: number[]
  upserts: number[]
  /** Per event, over all rounds of the product, by kind. */
  requests: Record<string, number>
  /** Processor time per event in ms, the floor's with transactions; Azurite's is undefined where the system does not tell. */
  cpuMs: Record<'product' | 'floor', { client: number; azurite: number | undefined }>
  rowsPerTransaction: number
  atOnce: { transactions: number; upserts: number }
}

/** How many calls of the floor are tried to be under way at a time, to find out what suits it best. */
const FLOOR_AT_ONCE = [4, 16, 64]
/** Of the floor with so many under way at a time. */
const TRIED_EVENTS = 600
/** On a machine that is slow or busy, rounds beyond the least are left out once the others have taken so long. */
const ENOUGH_MS = 15_000
const MIN_ROUNDS = 3

export async function measureScenario(scenario: Scenario, options: Options): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'lakemark-bench-'))
  const children: Child[] = []
  const azurites: Azurite[] = []
  try {
    await writeFile(join(folder, 'rules.yaml'), scenario.rules)
    azurites.push(...(await Promise.all([startAzurite(), startAzurite()])))
    const [own, floors] = azurites as [Azurite, Azurite]
    const product = startChild(new URL('./product-process.ts', import.meta.url))
    const floor = startChild(new URL('./floor-process.ts', import.meta.url))
    children.push(product, floor)
    const url = await product.call<string>('start', {
      rulesFolder: folder,
      connectionString: own.connectionString,
    } satisfies ProductOptions)
    const { rows } = await floor.call<{ rows: number }>('start', {
      connectionString: floors.connectionString,
      rules: scenario.rules,
      path: scenario.path('sample', 0),
      eventsPerTransaction: scenario.eventsPerTransaction,
      assets: scenario.assets,
    } satisfies FloorOptions)
    const sender = createSender(url, options.requests)
    const figures = await takeTurns({ scenario, options, product, floor, sender, own, floors })
    sender.close()
    return { ...figures, rowsPerTransaction: rows }
  } finally {
    await Promise.all([...children, ...azurites].map(part => part.close()))
    await rm(folder, { recursive: true, force: true })
  }
}

interface Parts {
  scenario: Scenario
  options: Options
  product: Child
  floor: Child
  sender: Sender
  own: Azurite
  floors: Azurite
}

async function takeTurns(parts: Parts): Promise<Omit<Measured, 'rowsPerTransaction'>> {
  const { scenario, options, product, own, floors } = parts
  const events = Math.max(options.batch, Math.round(scenario.events * options.scale))
  await warmUp(options.warmUpMs, round => sendRound(parts, round, events))
  const atOnce = {
    transactions: await bestAtOnce(parts, 'transactions'),
    upserts: await bestAtOnce(parts, 'upserts'),
  }
  const floorOf = async (kind: FloorRun['kind'], round: string) =>
    rateOf(
      events,
      await runFloor(parts, { kind, table: `${kind}${round}`, round, events, atOnce: atOnce[kind] }),
    )
  for (const kind of ['transactions', 'upserts'] as const)
    await warmUp(options.warmUpMs / 2, round => floorOf(kind, round))
  const rates = { product: [] as number[], transactions: [] as number[], upserts: [] as number[] }
  const cpu = { own: 0, floors: 0, floorClient: 0 }
  const before = await product.call<Usage>('usage')
  const begun = performance.now()
  for (let index = 0; index < options.rounds; index++) {
    if (index >= MIN_ROUNDS && performance.now() - begun > ENOUGH_MS) break
    const round = `r${index}`
    const [ownBefore, floorsBefore] = [cpuMsOf(own.pid), cpuMsOf(floors.pid)]
    rates.product.push(rateOf(events, await sendRound(parts, round, events)))
    cpu.own += (cpuMsOf(own.pid) ?? 0) - (ownBefore ?? 0)
    const clientBefore = await parts.floor.call<number>('cpuMs')
    rates.transactions.push(await floorOf('transactions', round))
    cpu.floorClient += (await parts.floor.call<number>('cpuMs')) - clientBefore
    cpu.floors += (cpuMsOf(floors.pid) ?? 0) - (floorsBefore ?? 0)
    rates.upserts.push(await floorOf('upserts', round))
  }
  const after = await product.call<Usage>('usage')
  const all = events * rates.product.length
  const isKnown = cpuMsOf(own.pid) !== undefined
  return {
    events,
    ...rates,
    requests: perEvent(before.requests, after.requests, all),
    cpuMs: {
      product: { client: (after.cpuMs - before.cpuMs) / all, azurite: isKnown ? cpu.own / all : undefined },
      floor: { client: cpu.floorClient / all, azurite: isKnown ? cpu.floors / all : undefined },
    },
    atOnce,
  }
}

async function warmUp(ms: number, run: (round: string) => Promise<unknown>): Promise<void> {
  const begun = performance.now()
  for (let index = 0; index === 0 || performance.now() - begun < ms; index += 1) await run(`warm${index}`)
}

/** How long the product took, in ms. Throws where it acknowledged what it did not record. */
async function sendRound({ scenario, options, product, sender, own }: Parts, round: string, events: number) {
  await emptyStorage(own.connectionString)
  const paths = Array.from({ length: events }, (_, index) => scenario.path(round, index))
  const bodies = bodiesOf(paths, options.batch)
  const { counters: before } = await product.call<Usage>('usage')
  const ms = await sender.send(bodies)
  const { counters: after } = await product.call<Usage>('usage')
  const recorded = (after['files:recorded'] ?? 0) - (before['files:recorded'] ?? 0)
  if (recorded !== events) throw new Error(`${events} events were acknowledged, ${recorded} recorded`)
  return ms
}

function runFloor({ floor }: Parts, run: FloorRun): Promise<number> {
  return floor.call<number>('run', run)
}

async function bestAtOnce(parts: Parts, kind: FloorRun['kind']): Promise<number> {
  const { events: most, eventsPerTransaction } = parts.scenario
  const events = kind === 'upserts' ? TRIED_EVENTS : Math.min(TRIED_EVENTS * eventsPerTransaction, most)
  let best = { atOnce: 0, ms: Number.POSITIVE_INFINITY }
  // Those that are tried last have the warmer processes: the first is tried twice.
  for (const [index, atOnce] of [...FLOOR_AT_ONCE, ...FLOOR_AT_ONCE.slice(0, 1)].entries()) {
    const ms = await runFloor(parts, { kind, table: `tried${index}${kind}`, round: 'tried', events, atOnce })
    if (ms < best.ms) best = { atOnce, ms }
  }
  return best.atOnce
}

function rateOf(events: number, ms: number): number {
  return (events / ms) * 1000
}

function perEvent(before: Record<string, number>, after: Record<string, number>, events: number) {
  const counted = Object.entries(after).map(
    ([kind, count]) => [kind, (count - (before[kind] ?? 0)) / events] as const,
  )
  return Object.fromEntries(counted.filter(([, count]) => count > 0))
}
