/**
 * A re-sync run over a million blobs, of which the events of one in a hundred were lost, while all its processes are
 * killed with -9 time and again: `npm run chaos:resync -- [--blobs 1000000] [--workers 2] [--page 5000]
 * [--page-ms 300] [--kills 3] [--ahead]`. Without `--ahead` the leases of the dead are waited for, as in life.
 */
import { parseArgs } from 'node:util'
import type { KillReport } from './kill-runs.ts'
import { killRuns } from './kill-runs.ts'

const { values } = parseArgs({
  options: {
    blobs: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: '2' },
    page: { type: 'string', default: '5000' },
    'page-ms': { type: 'string', default: '300' },
    kills: { type: 'string', default: '3' },
    ahead: { type: 'boolean', default: false },
  },
})

const MINUTE = 60_000

await main()

async function main(): Promise<void> {
  const blobs = wholeNumber('blobs')
  const kills = wholeNumber('kills')
  const begun = performance.now()
  const report = await killRuns({
    blobs,
    pageBlobs: wholeNumber('page'),
    pageMs: wholeNumber('page-ms'),
    workers: wholeNumber('workers'),
    killAllAt: Array.from({ length: kills }, (_, index) => (index + 1) / (kills + 1)),
    aheadMs: values.ahead ? 4 * MINUTE : 0,
    patienceMs: 30 * MINUTE,
    tell: line => console.log(`${secondsSince(begun)} s  ${line}`),
  })
  console.log('')
  const faults = faultsOf(report, blobs)
  for (const line of linesOf(report, blobs)) console.log(line)
  for (const fault of faults) console.log(`✗ ${fault}`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

function linesOf({ lost, run, listedAtDeath, served, registeredFiles, versions }: KillReport, blobs: number) {
  const { state, counters } = run
  const again = served.blobs - blobs
  return [
    `files                     ${blobs}, of which ${lost} were lost`,
    `killed when               ${listedAtDeath.join(', ')} were listed`,
    `the run                   ${state}: ${counters.listed} listed, ${counters.new} new, ${counters.registered} versions registered`,
    `in Azure ML               ${registeredFiles} files in ${versions} versions`,
    `pages listed              ${served.pages}; ${again} files a second time, ${((100 * again) / blobs).toFixed(1)} %`,
  ]
}

function faultsOf(
  { lost, run, listedAtDeath, served, registeredFiles, versions, again }: KillReport,
  blobs: number,
) {
  const { state, counters } = run
  const relisted = served.blobs - blobs
  const facts: [string, boolean][] = [
    ['the run is done', state === 'done'],
    ['every file was counted once', counters.listed === blobs && counters.matched === blobs],
    ['what was lost was found, and nothing else', counters.new === lost && counters.changed === 0],
    ['what was lost is in Azure ML, once', registeredFiles === lost && counters.registered === versions],
    ['nothing failed', counters.failed + counters.troubled + counters.pending + counters.unfollowed === 0],
    ['it went on where it was', relisted < listedAtDeath.reduce((sum, listed) => sum + listed, 0) / 2],
    ['the next run finds nothing', again.state === 'done' && again.counters.new === 0],
  ]
  return facts.filter(([, holds]) => !holds).map(([fact]) => `not so: ${fact}`)
}

function secondsSince(begun: number): string {
  return ((performance.now() - begun) / 1000).toFixed(1).padStart(6)
}

function wholeNumber(name: 'blobs' | 'workers' | 'page' | 'page-ms' | 'kills'): number {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name} ${values[name]}: expected a whole number`)
  process.exit(2)
}
