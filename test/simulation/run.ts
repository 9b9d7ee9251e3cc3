import { parseArgs } from 'node:util'
import { applyMutation } from './mutate.ts'
import { huntMutations, mutationTable } from './mutation-hunt.ts'
import { isMutationName, MUTATIONS } from './mutations.ts'

const HELP = `npm run simulate -- [options]
  --seeds N          how many seeds (default: until Ctrl-C)
  --from N           the first of them (default 1)
  --seed N           this one only
  --trace            with --seed: writes down everything that happens
  --mutation NAME    with the code broken on purpose: ${Object.keys(MUTATIONS).join(', ')}
  --mutations        breaks the code in every way, and says which seed finds it
  --until-found      ends at the first seed that fails
  --json             one line of JSON at the end instead of text`

const SECOND = 1000
const HOUR = 3600 * SECOND

await main()

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      trace: { type: 'boolean' },
      mutation: { type: 'string' },
      mutations: { type: 'boolean' },
      'until-found': { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  const { mutation, json } = values
  if (values.help) {
    console.log(HELP)
    return
  }
  if (values.mutations) {
    const found = await huntMutations()
    console.log(mutationTable(found))
    process.exitCode = found.every(({ seed }) => seed !== undefined) ? 0 : 1
    return
  }
  if (mutation !== undefined) {
    if (!isMutationName(mutation)) throw new Error(`no mutation ${mutation}\n${HELP}`)
    applyMutation(mutation)
  }
  if (values.seed !== undefined && values.trace) return replay(whole('seed', values.seed))

  const from = whole('from', values.seed ?? values.from ?? '1')
  const wanted = values.seeds === undefined ? Number.POSITIVE_INFINITY : whole('seeds', values.seeds)
  const seeds = values.seed === undefined ? wanted : 1
  await play({ from, seeds, untilFound: values['until-found'] ?? false, json: json ?? false, mutation })
}

function whole(name: string, text: string): number {
  if (!/^[0-9]{1,12}$/.test(text)) throw new Error(`--${name} is a whole number, not ${text}`)
  return Number(text)
}

/** Only now, as what is imported here may be broken on purpose. */
async function replay(seed: number): Promise<void> {
  const { simulate } = await import('./simulate.ts')
  const { violations } = await simulate(seed, line => console.log(line))
  process.exitCode = violations.length === 0 ? 0 : 1
}

interface PlayOptions {
  from: number
  seeds: number
  untilFound: boolean
  json: boolean
  mutation: string | undefined
}

async function play({ from, seeds, untilFound, json, mutation }: PlayOptions): Promise<void> {
  const { failureText, runSeeds } = await import('./run-seeds.ts')
  let isStopped = false
  process.once('SIGINT', () => {
    isStopped = true
  })
  let toldAt = performance.now()
  const totals = await runSeeds({
    from,
    seeds,
    untilFound,
    isStopped: () => isStopped,
    onSeed(report, { seeds: done, elapsedMs, failed }) {
      if (json) return
      if (report.violations.length > 0) console.log(failureText(report, mutation))
      if (performance.now() - toldAt < 10 * SECOND) return
      toldAt = performance.now()
      const pace = Math.round((done / elapsedMs) * SECOND)
      console.log(`${done} seeds, ${pace} a second, ${failed.length} failed`)
    },
  })
  const first = totals.failed[0]
  if (json) {
    const { invariant, detail } = first?.violations[0] ?? {}
    console.log(JSON.stringify({ seeds: totals.seeds, seed: first?.seed, invariant, detail }))
    return
  }
  const pace = Math.round((totals.seeds / totals.elapsedMs) * SECOND)
  const hours = Math.round(totals.virtualMs / HOUR)
  console.log(
    `${totals.seeds} seeds from ${from}, ${pace} a second, ${hours} virtual hours, ${totals.steps} steps`,
  )
  for (const [name, count] of [...totals.counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${String(count).padStart(10)}  ${name}`)
  }
  console.log(first === undefined ? 'every invariant held' : `${totals.failed.length} seeds failed`)
  process.exitCode = first === undefined ? 0 : 1
}
