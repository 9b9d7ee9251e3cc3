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
import { createStarter, type Start } from './cold/starter.ts'
import { cells, digits, load, machine, median, verdict } from './intake/figures.ts'

const HELP = `npm run bench:cold -- [options]
  --rounds N   of each way of starting (25)`

const { values } = parseArgs({
  options: { help: { type: 'boolean', default: false }, rounds: { type: 'string', default: '25' } },
})

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = join(ROOT, 'src/functions/main.ts')
const REGISTERED_TARGET = { atMost: 3 }
const EVENT_TARGET = { atMost: 2.5 }

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
  const starter = await createStarter(home)
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
    await rm(home, { recursive: true, force: true })
  }
}

function waysOf(app: string): Way[] {
  const registered = (
    name: string,
    entry: string,
    cache: 'none' | 'kept',
    target?: { atMost: number },
  ): Way => ({
    name,
    start: { entry, until: 'registered', cache },
    ...(target === undefined ? {} : { target }),
  })
  const event = (name: string, entry: string, cache: 'none' | 'kept', target?: { atMost: number }): Way => ({
    ...registered(name, entry, cache, target),
    start: { entry, until: 'event', cache },
  })
  return [
    { name: 'node -e 0', start: { entry: undefined, until: 'registered', cache: 'none' } },
    registered('package, all functions registered: first start', app, 'none', REGISTERED_TARGET),
    registered('  a later start on the same instance', app, 'kept', REGISTERED_TARGET),
    event('package, onBlobEvent asks the storage: first start', app, 'none', EVENT_TARGET),
    event('  a later start on the same instance', app, 'kept', EVENT_TARGET),
    registered('sources, all functions registered', SOURCES, 'none'),
    event('sources, onBlobEvent asks the storage', SOURCES, 'none'),
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
