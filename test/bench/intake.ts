/**
 * How many storage events a second the intake takes in: `npm run bench:intake`. Events are posted to the embedded
 * host's webhook as Event Grid posts them; what is timed ends when the last post is acknowledged. The host, the
 * floor and the sender are processes of their own; host and floor have an Azurite each, fresh for every scenario.
 * No worker runs: the host has no function but `onBlobEvent`.
 */
import { parseArgs } from 'node:util'
import { cells, digits, load, machine, median, spread, verdict } from './intake/figures.ts'
import { type MeasuredCpu, measureCpu } from './intake/measure-cpu.ts'
import { type Measured, measureScenario } from './intake/measure-scenario.ts'
import { createScenarios, type Scenario } from './intake/scenarios.ts'
import { isWrite } from './intake/wire.ts'

const HELP = `npm run bench:intake -- [options]
  --quick             one short round of each
  --batch N           events a request (50)
  --requests N        requests under way at a time (8)
  --rounds N          of product and floor in turns, at most (9; 5 of processor time)
  --scale X           of the number of events a round (1)
  --folders N         of the scenario "many folders" (500)
  --only WORD         scenarios whose name contains the word; "cpu": only processor time
  --no-cpu            leaves processor time out
CPU profiles of all processes but Azurite: node --cpu-prof --cpu-prof-dir=FOLDER test/bench/intake.ts …`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    batch: { type: 'string', default: '50' },
    requests: { type: 'string', default: '8' },
    rounds: { type: 'string' },
    scale: { type: 'string' },
    folders: { type: 'string', default: '500' },
    only: { type: 'string', default: '' },
    'no-cpu': { type: 'boolean', default: false },
  },
})

/** Per event, of what the bare server needs, in Event Grid's default way of sending: one event a request. */
const CPU_TARGET = { atMost: 4 }
/** Of rates, each against the floor that the target names. */
const TARGETS: Partial<Record<Scenario['name'], { of: 'transactions' | 'upserts'; atLeast: number }>> = {
  'single-file rules': { of: 'transactions', atLeast: 0.8 },
  'one hot folder': { of: 'upserts', atLeast: 3 },
}
const CPU_EVENTS = 2000
const CPU_ROUNDS = 5
const WARM_UP_MS = 10_000

if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const batch = numberOf('batch', values.batch)
  const requests = numberOf('requests', values.requests)
  const rounds = numberOf('rounds', values.rounds ?? (values.quick ? '1' : '9'))
  const scale = numberOf('scale', values.scale ?? (values.quick ? '0.5' : '1'))
  const warmUpMs = values.quick ? WARM_UP_MS / 10 : WARM_UP_MS
  const scenarios = createScenarios(numberOf('folders', values.folders))
  const begun = performance.now()
  console.log(machine())
  console.log(
    `${batch} events a request, ${requests} requests at a time; medians of up to ${rounds} rounds (lowest to highest)`,
  )
  for (const scenario of scenarios.filter(({ name }) => name.includes(values.only))) {
    printScenario(
      scenario.name,
      await measureScenario(scenario, { batch, requests, rounds, scale, warmUpMs }),
    )
  }
  if (!values['no-cpu'] && ['', 'cpu'].includes(values.only)) {
    for (const scenario of scenarios.slice(0, 2)) {
      for (const size of [1, batch]) {
        const events = Math.round(CPU_EVENTS * scale)
        printCpu(
          scenario.name,
          size,
          await measureCpu(scenario, { batch: size, requests, rounds: Math.min(rounds, CPU_ROUNDS), events }),
        )
      }
    }
  }
  console.log(`\n${digits((performance.now() - begun) / 1000)} s in all; ${load()} after`)
}

function printScenario(name: Scenario['name'], measured: Measured): void {
  const { product, transactions, upserts, requests, cpuMs, atOnce, rowsPerTransaction } = measured
  console.log(
    `\n${name}: ${measured.events.toLocaleString('en')} events a round, ${product.length} rounds, events per second`,
  )
  console.log(cells('  Lakemark', [spread(product)], 44, 26))
  console.log(
    cells(
      `  bare transactions of ${rowsPerTransaction} rows, ${atOnce.transactions} at once`,
      [spread(transactions)],
      44,
      26,
    ),
  )
  console.log(cells(`  bare upserts, one an event, ${atOnce.upserts} at once`, [spread(upserts)], 44, 26))
  const target = TARGETS[name]
  for (const kind of ['transactions', 'upserts'] as const) {
    // Each round against the floor's round beside it: both met the same neighbours.
    const ratios = product.map((rate, round) => rate / (measured[kind][round] as number))
    const text = target?.of === kind ? verdict(median(ratios), target) : `${digits(median(ratios))} ×`
    console.log(`  against the bare ${kind.padEnd(13)} ${text}`)
  }
  const writes = Object.entries(requests).filter(([kind]) => isWrite(kind))
  const sum = (of: [string, number][]) => digits(of.reduce((total, [, count]) => total + count, 0))
  console.log(`  storage requests per event: ${sum(Object.entries(requests))}, of them writes ${sum(writes)}`)
  for (const [kind, count] of Object.entries(requests))
    console.log(cells(`    ${kind}`, [count.toFixed(3)], 44, 26))
  console.log(
    `  processor time per event: Lakemark ${showCpu(cpuMs.product)}; bare transactions ${showCpu(cpuMs.floor)}`,
  )
}

function showCpu({ client, azurite }: Measured['cpuMs']['product']): string {
  return `${digits(client)} ms${azurite === undefined ? '' : ` and Azurite ${digits(azurite)} ms`}`
}

function printCpu(name: string, batch: number, { product, bare }: MeasuredCpu): void {
  console.log(`\nprocessor time without storage, ${name}, ${batch} events a request, µs per event`)
  console.log(cells('  Lakemark, memory adapters', [spread(product)], 44, 26))
  console.log(cells('  bare node:http and JSON.parse', [spread(bare)], 44, 26))
  const ratios = product.map((us, round) => us / (bare[round] as number))
  const ratio = median(ratios)
  console.log(`  ratio ${batch === 1 ? verdict(ratio, CPU_TARGET) : `${digits(ratio)} ×`}`)
}

function numberOf(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${option} is ${text}; a number above 0`)
  return value
}
