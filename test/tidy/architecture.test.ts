import { describe, expect, it } from 'vitest'
import { readSources, type Source } from './sources.ts'

/** Lower layers first. What stands on one line may not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['app'],
  ['memory', 'azure', 'files', 'git', 'access'],
  ['wiring'],
  ['functions', 'host', 'emulators'],
  ['local'],
  ['cli'],
]

/** Doubles and the host stand beside the product: they know its innermost words and nothing else of it. */
const STANDS_ALONE = ['host', 'emulators']

const sources = readSources('src')

function roomOf(path: string): string {
  const [, room = '', rest] = path.split('/')
  return rest === undefined ? 'wiring' : room
}

function layerOf(room: string): number {
  const layer = LAYERS.findIndex(rooms => rooms.includes(room))
  if (layer < 0) throw new Error(`src/${room} has no layer; give it one`)
  return layer
}

function ownImports({ imports }: Source): string[] {
  return imports.filter(target => target.startsWith('src/'))
}

describe('the architecture', () => {
  it('is read by this test', () => {
    expect(sources.length).toBeGreaterThan(80)
    expect(sources.find(({ path }) => path === 'src/wiring.ts')?.imports).toContain(
      'src/app/intake/intake.ts',
    )
  })

  it('imports downwards only', () => {
    const upwards = sources.flatMap(source =>
      ownImports(source)
        .filter(target => {
          const [from, to] = [roomOf(source.path), roomOf(target)]
          if (from === to) return false
          if (STANDS_ALONE.includes(from)) return to !== 'core'
          return layerOf(to) >= layerOf(from)
        })
        .map(target => `${source.path} imports ${target}`),
    )
    expect(upwards).toEqual([])
  })

  it('has no import cycles', () => {
    const graph = new Map(sources.map(source => [source.path, ownImports(source)]))
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (path: string, trail: readonly string[]) => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      else if (!done.has(path)) {
        for (const target of graph.get(path) ?? []) visit(target, [...trail, path])
        done.add(path)
      }
    }
    for (const path of graph.keys()) visit(path, [])
    expect(cycles).toEqual([])
  })

  it.each([
    ['@azure/functions', ['functions', 'host']],
    ['@azure/data-tables', ['azure']],
    ['@azure/arm-machinelearning', ['azure']],
    ['@azure/identity', ['azure']],
    ['@azure/storage-queue', ['azure', 'host']],
    ['@azure/storage-blob', ['azure', 'emulators']],
    ['@azure/eventgrid', ['emulators']],
    ['commander', ['cli']],
    ['minimatch', ['core']],
    ['yaml', ['core']],
    ['isomorphic-git', ['git']],
    ['jose', ['access']],
  ])('keeps %s in %j', (name, rooms) => {
    const elsewhere = sources.filter(
      ({ path, imports }) => imports.includes(name) && !rooms.includes(roomOf(path)),
    )
    expect(elsewhere.map(({ path }) => path)).toEqual([])
  })

  it('is pure at its core: no input or output, clock or randomness', () => {
    const allowed = ['node:crypto', 'node:buffer']
    const impure = sources
      .filter(({ path }) => roomOf(path) === 'core')
      .filter(
        ({ imports, text }) =>
          imports.some(target => target.startsWith('node:') && !allowed.includes(target)) ||
          /\bDate\.now\(|new Date\(\)|Math\.random\(|randomUUID|randomBytes|\bfetch\(|setTimeout|process\./.test(
            text,
          ),
      )
    expect(impure.map(({ path }) => path)).toEqual([])
  })

  it('has use cases that neither take the time nor make timers', () => {
    const impatient = sources
      .filter(({ path }) => ['app', 'memory'].includes(roomOf(path)))
      .filter(({ text }) => /\bDate\.now\(|new Date\(\)|Math\.random\(|setTimeout|setInterval/.test(text))
    expect(impatient.map(({ path }) => path)).toEqual([])
  })

  it('reads the environment in one place; what is started gets it handed on', () => {
    const readers = sources.filter(({ text }) => /process\.env\b/.test(text)).map(({ path }) => path)
    expect(readers.sort()).toEqual(['src/config.ts', 'src/emulators/lake/azurite.ts'])
  })
})

describe('a source file', () => {
  it.each(sources.map(source => [source.path, source] as const))('%s holds one idea', (_, { text }) => {
    expect(text.split('\n').length).toBeLessThanOrEqual(300)
    expect(text).not.toMatch(/^export default/m)
    expect(text).not.toMatch(/\b(TODO|FIXME|XXX|HACK)\b/)
    expect(text).not.toMatch(/catch\s*(\([^)]*\))?\s*\{\s*\}/)
  })
})
