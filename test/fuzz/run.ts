/**
 * `npm run fuzz -- [--seconds N] [--seed N] [--only TEXT]`: all properties with one new seed after the other, until
 * stopped or for as long as told. Prints the pace, and of a failure what is needed to see it again.
 * Exit codes: 0 all held, 1 one did not.
 */
import { parseArgs } from 'node:util'
import { type FuzzSuite, failureOf } from './suite.ts'
import { suites } from './suites.ts'

const REPORT_EVERY_MS = 10_000
const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
})
const deadline = Date.now() + Number(values.seconds ?? Number.POSITIVE_INFINITY) * 1000
const first = Number(values.seed ?? Date.now() % 2 ** 31)
const only = values.only ?? ''
if (Number.isNaN(deadline) || !Number.isSafeInteger(first))
  throw new Error('--seconds and --seed are numbers')

let stopped = false
let iterations = 0
const begun = performance.now()
process.once('SIGINT', () => {
  stopped = true
})
const reporting = setInterval(report, REPORT_EVERY_MS)
await fuzz()
clearInterval(reporting)
report()

async function fuzz(): Promise<void> {
  const opened: { suite: FuzzSuite; world: unknown }[] = []
  try {
    for (const suite of suites) opened.push({ suite, world: await suite.open() })
    for (let seed = first; !isOver(); seed += 1) {
      for (const { suite, world } of opened) await runAll(suite, world, seed)
      // With a seed of one's own, that seed alone: to see a failure again.
      if (values.seed !== undefined && values.seconds === undefined) return
    }
  } finally {
    for (const { suite, world } of opened) await suite.close(world)
  }
}

async function runAll(suite: FuzzSuite, world: unknown, seed: number): Promise<void> {
  for (const { title, runs = 100, of } of suite.properties) {
    const name = `${suite.title} ${title}`
    if (isOver() || !name.includes(only)) continue
    const failure = await failureOf(of(world), { seed, numRuns: runs })
    iterations += runs
    if (failure === undefined) continue
    process.exitCode = 1
    console.error(`\n✗ ${name}\n${failure}\nagain: npm run fuzz -- --seed ${seed} --only '${title}'\n`)
  }
}

function isOver(): boolean {
  return stopped || Date.now() >= deadline
}

function report(): void {
  const seconds = (performance.now() - begun) / 1000
  console.log(
    `${iterations} inputs in ${Math.round(seconds)} s, ${Math.round(iterations / seconds)} a second`,
  )
}
