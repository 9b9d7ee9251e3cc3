import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { absorb, MAX_CHUNK, newChunk, type OldRow, planRows } from '../../src/core/resync/chunk.ts'
import { groundOf, NO_FILTER } from '../../src/core/resync/filter.ts'
import { blobHash, HASH_BYTES, packHashes, stampOf, unpackHashes } from '../../src/core/resync/known-blobs.ts'
import {
  boundBetween,
  boundOfKey,
  endOfPrefix,
  isShortBound,
  keyOfBound,
  orderInstead,
  sortTextOf,
} from '../../src/core/resync/name-order.ts'
import {
  gapsBetween,
  MAX_PLACES,
  planPlaces,
  splitByBounds,
  splitPrefixes,
} from '../../src/core/resync/parts.ts'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import type { RuleSet } from '../../src/core/rules/rule-set.ts'
import { FILES_RULE, FOLDER_RULE, WORKSPACES_YAML } from '../support/memory-world.ts'

/** Close to each other, so that they have something in common, and with every kind of character. */
const unit = fc.constantFrom(
  'a',
  'b',
  '/',
  '-',
  '.',
  '\u0000',
  '\u007f',
  'é',
  'ߺ',
  'ࠀ',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '𐀀',
)
const name = fc.array(unit, { maxLength: 12 }).map(units => units.join(''))

describe('the order of a listing', () => {
  it('is that of the row keys, whatever the names hold', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        const [one, other] = [keyOfBound(a), keyOfBound(b)]
        expect(one < other).toBe(a < b)
        expect(one === other).toBe(a === b)
        expect(boundOfKey(one)).toBe(a)
      }),
      { numRuns: 2000 },
    )
  })

  it('has row keys that Table Storage takes, of bounds that are short enough and of no others', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }), text => {
        fc.pre(isShortBound(text))
        const key = keyOfBound(text)
        expect(key).toMatch(/^[-_0-9A-Za-z]{1,512}$/)
        expect(boundOfKey(key)).toBe(text)
      }),
      { numRuns: 30 },
    )
    expect(keyOfBound('x'.repeat(380))).toHaveLength(508)
    expect([isShortBound('x'.repeat(380)), isShortBound('x'.repeat(381))]).toEqual([true, false])
    expect([isShortBound('é'.repeat(190)), isShortBound('é'.repeat(191))]).toEqual([true, false])
  })

  it('has a bound between any two names, which is as short as can be', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        fc.pre(a < b)
        const bound = boundBetween(a, b)
        expect(a < bound && bound <= b).toBe(true)
        expect(a < bound.slice(0, -1)).toBe(false)
      }),
    )
  })

  it('has an end of everything that begins with a prefix', () => {
    fc.assert(
      fc.property(name, name, name, (prefix, rest, other) => {
        const end = endOfPrefix(prefix)
        if (end !== undefined) expect(prefix + rest < end).toBe(true)
        const isInside = other >= prefix && (end === undefined || other < end)
        expect(isInside).toBe(other.startsWith(prefix))
      }),
    )
    expect(endOfPrefix('')).toBeUndefined()
  })

  it('puts the slash before everything else where the namespace is hierarchical', () => {
    // As listed by such an account, see azure-sdk-for-go's issue 24210.
    const listed = 'A|A/dat1|A-B|A-B/dat2|A-B-C|A-C|A.C|A.C/dat3|AB|AB/AB|AB/dat4|AB.txt|ABC'.split('|')
    const texts = listed.map(path => sortTextOf(path, 'hierarchical'))
    expect([...texts].sort()).toEqual(texts)
    expect(orderInstead('flat', 'A/dat1', 'A-B')).toBe('hierarchical')
    expect(orderInstead('hierarchical', 'A-B', 'A/dat1')).toBe('flat')
    expect(orderInstead('flat', 'b', 'a')).toBe('unknown')
    expect(orderInstead('unknown', 'a', 'b')).toBe('unknown')
  })
})

describe('known blobs', () => {
  it('are told apart by path and etag', () => {
    const hashes = [blobHash('a', '1'), blobHash('a', '2'), blobHash('b', '1'), blobHash('a', '1')]
    expect(new Set(hashes).size).toBe(3)
    const packed = packHashes(hashes)
    expect(packed.length).toBe(4 * HASH_BYTES)
    expect(unpackHashes(packed)).toEqual(hashes)
  })

  it('are known under the rules of their container, whoever gets the data', () => {
    const stamp = (yaml: string, container = 'silver') => stampOf(rulesOf(yaml), 'contosolake', container)
    expect(stamp(FILES_RULE)).toBe(stamp(FILES_RULE.replace('[retail]', '[ml-retail]')))
    expect(stamp(FILES_RULE)).toBe(stamp(FILES_RULE.replace('name: files', 'name: renamed')))
    expect(stamp(FILES_RULE, 'gold')).toBe(stamp(FOLDER_RULE, 'gold'))
    const others = [
      FILES_RULE.replace('.csv', '.txt'),
      FILES_RULE.replace('"{name}"', '"x-{name}"'),
      `${FILES_RULE}    ignore: "**/tmp*"\n`,
      FOLDER_RULE,
      FOLDER_RULE.replace('_SUCCESS', '_DONE'),
      FOLDER_RULE.replace('folder: sales/{region}', 'folder: sales'),
    ]
    expect(new Set([FILES_RULE, ...others].map(yaml => stamp(yaml))).size).toBe(others.length + 1)
  })
})

describe('the rows of a chunk', () => {
  const texts = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => `n${String(index + from).padStart(6, '0')}`)
  const rowOf = (bound: string, names: string[], isCurrent = true): OldRow => ({
    bound,
    isCurrent,
    hashes: names,
  })
  const chunkOf = (from: string, names: string[], rows: OldRow[]) => {
    const chunk = newChunk(from, undefined)
    for (const row of rows) absorb(chunk, row)
    chunk.texts.push(...names)
    return chunk
  }

  it('stay as they are where nothing has changed', () => {
    const names = texts(500)
    expect(planRows(chunkOf('n', names, [rowOf('n', names)]), names, false)).toBeUndefined()
  })

  it('lose blobs that are gone, and do not name those that are not confirmed', () => {
    const names = texts(500)
    const rows = [rowOf('n', names)]
    expect(planRows(chunkOf('n', names.slice(1), rows), names.slice(1), false)?.put[0]?.hashes).toEqual(
      names.slice(1),
    )
    const confirmed = names.map((it, index) => (index === 3 ? undefined : it))
    expect(planRows(chunkOf('n', names, rows), confirmed, false)?.put[0]?.hashes).toHaveLength(499)
  })

  it('are joined where they are small, and removed where nothing is left', () => {
    const names = texts(20)
    const rows = [rowOf('n', names.slice(0, 10)), rowOf('n00001', names.slice(10))]
    expect(planRows(chunkOf('n', names, rows), names, false)).toEqual({
      put: [{ bound: 'n', hashes: names }],
      remove: ['n00001'],
    })
    expect(planRows(chunkOf('n', [], rows), [], false)).toEqual({ put: [], remove: ['n', 'n00001'] })
  })

  it('are cut in two where they are large, between two names', () => {
    const names = texts(MAX_CHUNK)
    const put = planRows(chunkOf('n', names, []), names, false)?.put ?? []
    expect(put.map(({ hashes }) => hashes.length)).toEqual([MAX_CHUNK / 2, MAX_CHUNK / 2])
    const [first, second] = put
    expect(first?.hashes.every(it => it < String(second?.bound))).toBe(true)
    expect(second?.hashes.every(it => it >= String(second.bound))).toBe(true)
  })

  it('are written anew under other rules', () => {
    const names = texts(500)
    expect(planRows(chunkOf('n', names, [rowOf('n', names, false)]), names, false)?.put).toHaveLength(1)
  })

  it('keep at the end of a part what may belong to names behind it', () => {
    const names = texts(300)
    const rows = [rowOf('n', names)]
    const part = names.slice(0, 200)
    expect(planRows(chunkOf('n', part, rows), part, true)).toBeUndefined()
    const put = planRows(chunkOf('n', [...part, 'n2'], rows), [...part, 'n2'], true)?.put ?? []
    expect(put.flatMap(({ hashes }) => hashes).sort()).toEqual([...names, 'n2'].sort())
  })

  it('are not written where their bound would be too long for a key', () => {
    const names = ['x'.repeat(400)]
    expect(planRows(chunkOf(String(names[0]), names, []), names, false)).toBeUndefined()
  })
})

describe('the parts of a run', () => {
  it('cover every name of the place, none of them twice', () => {
    const legal = fc.array(fc.constantFrom('a', 'b', 'c', '-', 'é', '😀', '🙀'), {
      minLength: 1,
      maxLength: 6,
    })
    const names = fc.uniqueArray(
      fc.tuple(legal, fc.boolean()).map(([units, isFolder]) => `p/${units.join('')}${isFolder ? '/' : ''}`),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 10 }), (all, max) => {
        const prefixes = splitPrefixes('p/', all, max)
        expect(prefixes.length).toBeLessThanOrEqual(max)
        for (const name of all) expect(prefixes.filter(prefix => name.startsWith(prefix))).toHaveLength(1)
        expect(prefixes.every(prefix => prefix.isWellFormed())).toBe(true)
      }),
    )
  })

  it('are cut where there is something to be cut', () => {
    const days = Array.from(
      { length: 30 },
      (_, day) => `sales/dt=2026-01-${String(day + 1).padStart(2, '0')}/`,
    )
    expect(splitPrefixes('sales/', days, 32)).toHaveLength(30)
    expect(splitPrefixes('sales/', days, 4)).toHaveLength(4)
    expect(splitPrefixes('sales/', ['sales/eu/'], 32)).toEqual(['sales/'])
    expect(splitPrefixes('', ['a', 'ab', 'b/'], 32)).toEqual(['a', 'b'])
  })

  it('are cut by bounds where blobs lie, finest where most of them do', () => {
    const bounds = Array.from(
      { length: 90 },
      (_, at) => `in/${at < 60 ? 'a' : 'b'}${String(at).padStart(2, '0')}/x`,
    )
    expect(splitByBounds('in/', bounds, 32)).toEqual([
      ...['in/a0', 'in/a1', 'in/a2', 'in/a3', 'in/a4', 'in/a5'],
      ...['in/b6', 'in/b7', 'in/b8'],
    ])
    expect(splitByBounds('in/', bounds, 2)).toEqual(['in/a', 'in/b'])
    expect(splitByBounds('in/', bounds.slice(0, 9), 32)).toEqual(['in/'])
    const dates = Array.from({ length: 90 }, (_, at) => `in/dt=2026-${10 + at}/x`)
    expect(splitByBounds('in/', dates, 32)).toEqual([...'123456789'].map(digit => `in/dt=2026-${digit}`))
    // What sorts before the slash, and the slash itself, are not the same in all orders.
    const mixed = Array.from({ length: 40 }, (_, at) => `in/a${at % 2 === 0 ? '-' : '/'}${at}`)
    expect(splitByBounds('in/', mixed, 32)).toEqual(['in/'])
  })

  it.each(['a folder/', 'slash of a hierarchy\u0000', 'control\u007f', 'half \ud83d a character'])(
    'are not cut behind a %j',
    stem => {
      const bounds = Array.from({ length: 40 }, (_, at) => `in/${stem}${10 + at}`)
      expect(splitByBounds('in/', bounds, 32)).toEqual(['in/'])
    },
  )

  it('end being cut where names are no text', () => {
    const bounds = Array.from({ length: 40 }, (_, at) => `\ud800a${10 + at}`)
    expect(splitByBounds('\ud800', bounds, 32)).toEqual(['\ud800a'])
  })

  it('have gaps between them that hold whatever they do not', () => {
    expect(gapsBetween('in/', ['in/a', 'in/b', 'in/x'])).toEqual(['in/', 'in/c', 'in/y'])
    expect(gapsBetween('', ['a'])).toEqual(['', 'b'])
    expect(gapsBetween('in/a', ['in/ab', 'in/ac~'])).toEqual(['in/a', 'in/ac', 'in/ac\u007f'])
    expect(gapsBetween('\uffff', ['\uffffa'])).toEqual(['\uffff', '\uffffb'])
    expect(gapsBetween('in/', ['in/'])).toEqual([])
  })

  it('begin where rules and filter meet', () => {
    const rules = rulesOf(`${FILES_RULE}
  - { name: deep, from: contosolake/silver, match: "files/deep/{x}/*.csv", asset: "d-{x}", to: [ml-retail] }
  - { name: all-of-gold, from: contosolake/gold, match: "**/*.csv", asset: gold, type: uri_folder, folder: "", settle: 5m, to: [ml-retail] }
`)
    const places = (prefix: string) =>
      planPlaces(rules.rules, prefix, rules).map(it => `${it.container}/${it.prefix}`)
    expect(places('')).toEqual(['silver/files/', 'gold/'])
    expect(places('files/deep/a')).toEqual(['silver/files/deep/a', 'gold/files/deep/a'])
    expect(places('fi')).toEqual(['silver/files/', 'gold/fi'])
    expect(places('x')).toEqual(['gold/x'])
  })

  it('are whole containers where rules name too many places', () => {
    const many = Array.from(
      { length: MAX_PLACES + 1 },
      (_, index) =>
        `  - { name: r${index}, from: contosolake/silver, match: "f${index}/{name}.csv", asset: "${index}-{name}", to: [ml-retail] }`,
    )
    const rules = rulesOf(`rules:\n${many.join('\n')}\n`)
    expect(planPlaces(rules.rules, '', rules).map(({ prefix }) => prefix)).toEqual([''])
    expect(planPlaces(rules.rules.slice(1), '', rules)).toHaveLength(MAX_PLACES)
  })

  it('are cut into as many parts as the blobs that are expected are worth', () => {
    const rules = rulesOf(FILES_RULE)
    const splits = (expected?: number) => planPlaces(rules.rules, '', rules, expected)[0]?.splits
    expect([splits(), splits(0), splits(19_999), splits(20_000), splits(100_000), splits(1e9)]).toEqual([
      32, 1, 1, 5, 25, 32,
    ])
  })

  it('are the same ground where they do the same', () => {
    expect(groundOf({ ...NO_FILTER, prefix: '' }, rulesOf(FILES_RULE))).toBe(
      groundOf(NO_FILTER, rulesOf(FILES_RULE)),
    )
    const filters = [
      { prefix: 'a' },
      { container: 'a' },
      { rule: 'a' },
      { dryRun: true },
      { verify: true },
      { since: 1 },
    ]
    expect(new Set(filters.map(it => groundOf({ ...NO_FILTER, ...it }, rulesOf(FILES_RULE)))).size).toBe(
      filters.length,
    )
  })
})

function rulesOf(yaml: string): RuleSet {
  const parsed = parseRules([
    { path: 'workspaces.yaml', text: WORKSPACES_YAML },
    { path: 'rules.yaml', text: yaml },
  ])
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.rules
}
