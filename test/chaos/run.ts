/**
 * Kills, freezes and cuts off real processes while files are dropped, then proves that nothing was lost:
 * `npm run chaos -- [--seconds 120] [--files 5000] [--workers 3] [--seed N] [--patience 420] [--keep]`.
 */
import { parseArgs } from 'node:util'
import { runChaos } from './chaos.ts'
import { reportLines } from './report.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    files: { type: 'string', default: '5000' },
    workers: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** Seconds. A dead process's leases last one minute, the sweep's grace two. */
    patience: { type: 'string', default: '420' },
    keep: { type: 'boolean', default: false },
  },
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
const seed = wholeNumber('seed')
console.log(`seed ${seed}`)
const report = await runChaos({
  seconds: wholeNumber('seconds'),
  files: wholeNumber('files'),
  workers: wholeNumber('workers'),
  seed,
  patienceSeconds: wholeNumber('patience'),
  withClockAhead: false,
  keepsHome: values.keep,
  tell: line => console.log(line),
})
console.log('')
for (const line of reportLines(report)) console.log(line)
if (values.keep) console.log(`\nstate and logs: ${report.home}`)
process.exit(report.violations.length === 0 ? 0 : 1)

function wholeNumber(name: 'seconds' | 'files' | 'workers' | 'seed' | 'patience'): number {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= (name === 'seed' ? 0 : 1)) return value
  console.error(`--${name} ${values[name]}: expected a whole number`)
  process.exit(2)
}
