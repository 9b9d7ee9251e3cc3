/**
 * How long a start of the app takes: `npm run bench:cold`. Processes are started in turns, each way of starting as
 * often as the others: Node with nothing to do, the packaged app, and the sources as they are.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { collectAppFiles } from '../../infra/package/app-files.ts'
import { startAzurite } from '../../src/emulators/lake/azurite.ts'
import { createStarter, type Start } from './cold/starter.ts'
import { cells, digits, load, machine, median, verdict } from './intake/figures.ts'

const HELP = `npm run bench:cold -- [options]
  --rounds N   of each way of starting (25)`

const { values } = parseArgs({
  options: { help: { type: 'boolean', default: false }, rounds: { type: 'string', default: '25' } },
})

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = join(ROOT, 'src/functions/main.ts')
/** So many times of what Node alone takes, at most. */
const REGISTERED = 3
const ASKED = 2.5

interface Way {
  name: string
  start: Start
  target?: { atMost: number }
}

if (values.help) console.log(HELP)
else await main(Number(values.rounds))

async function main(rounds: number): Promise<void> {
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds: a whole number from 1')
  const home = await mkdtemp(join(tmpdir(), 'lakemark-cold-'))
  const azurite = await startAzurite()
  const starter = await createStarter(home, azurite.connectionString)
  try {
    const app = await unpack(join(home, 'app'))
    const ways = waysOf(app)
    await starter.keepCompiled(app)
    console.log(machine())
    const times = await measure(ways, rounds, starter.start)
    report(ways, times)
    console.log(`\n${rounds} rounds, medians; ${load()} after`)
  } finally {
    await starter.close()
    await azurite.close()
    await rm(home, { recursive: true, force: true })
  }
}

function waysOf(app: string): Way[] {
  const both = (name: string, until: Start['until'], atMost?: number): Way[] => {
    const target = atMost === undefined ? {} : { target: { atMost } }
    return [
      { name: `${name}: first start`, start: { entry: app, until, cache: 'none' }, ...target },
      {
        name: '  a later start on the same instance',
        start: { entry: app, until, cache: 'kept' },
        ...target,
      },
    ]
  }
  const sources = (name: string, until: Start['until']): Way => ({
    name: `sources, ${name}`,
    start: { entry: SOURCES, until, cache: 'none' },
  })
  return [
    { name: 'node -e 0', start: { entry: undefined, until: 'registered', cache: 'none' } },
    ...both('package, all functions registered', 'registered', REGISTERED),
    ...both('package, onBlobEvent asks the storage', 'asked', ASKED),
    ...both('package, onBlobEvent asks for its identity', 'asked as identity'),
    ...both('package, onBlobEvent has answered, over Azurite', 'answered'),
    sources('all functions registered', 'registered'),
    sources('onBlobEvent asks the storage', 'asked'),
    sources('onBlobEvent has answered, over Azurite', 'answered'),
  ]
}

async function measure(
  ways: readonly Way[],
  rounds: number,
  start: (start: Start) => Promise<number>,
): Promise<Map<Way, number[]>> {
  const times = new Map(ways.map(way => [way, [] as number[]]))
  // The first one of each finds files that nobody has read for a while.
  for (const way of ways) await start(way.start)
  for (let round = 0; round < rounds; round += 1) {
    for (const [way, ms] of times) ms.push(await start(way.start))
  }
  return times
}

function report(ways: readonly Way[], times: Map<Way, number[]>): void {
  const medianOf = (way: Way | undefined) => median((way && times.get(way)) ?? [])
  const bare = medianOf(ways[0])
  for (const way of ways) {
    const ms = medianOf(way)
    const against = way.target === undefined ? `${digits(ms / bare)} ×` : verdict(ms / bare, way.target)
    console.log(`${cells(way.name, [`${digits(ms)} ms`], 54)}   ${against}`)
  }
}

/** Writes the app as Azure unpacks it; returns its entry. */
async function unpack(folder: string): Promise<string> {
  for (const { path, bytes } of await collectAppFiles('rules')) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
  return join(folder, 'dist/main.js')
}
