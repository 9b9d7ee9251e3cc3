import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { readSources } from '../tidy/sources.ts'
import { findViolations } from './checker.ts'
import type { Content, Expectation, Found, FoundAsset, FoundVersion, Place } from './checker-facts.ts'
import { countVersions, readWorkspace } from './checker-reading.ts'

const WORKSPACES = ['ml-a', 'ml-b']
const HOT = 'hot/eu'

const file = (name: string): Place => ({
  path: `files/${name}.csv`,
  asset: 'files',
  rule: 'each-file',
  type: 'uri_file',
  dataPath: `files/${name}.csv`,
  workspaces: WORKSPACES,
  isMarker: false,
})
const part = (name: string): Place => ({
  ...file(name),
  path: `${HOT}/${name}.parquet`,
  asset: 'hot-eu',
  rule: 'hot',
  type: 'uri_folder',
  dataPath: HOT,
})
const PLACES = [file('a'), file('b'), part('p1'), part('p2'), part('p3')]

const contentOf = (path: string, etag: string): Content => ({ path, etag, sizeBytes: 7 })
/** a was overwritten once, p3 deleted after it had been in a version. */
const A_OLD = contentOf('files/a.csv', '0xA0')
const A = contentOf('files/a.csv', '0xA1')
const B = contentOf('files/b.csv', '0xB0')
const P1 = contentOf(`${HOT}/p1.parquet`, '0xC1')
const P2 = contentOf(`${HOT}/p2.parquet`, '0xC2')
const P3 = contentOf(`${HOT}/p3.parquet`, '0xC3')

const EXPECTED: Expectation = {
  account: 'acc',
  container: 'lake',
  datastore: 'the_lake',
  places: new Map(PLACES.map(place => [place.path, place])),
  lying: new Set([A, B, P1, P2].map(({ path }) => path)),
  contents: [A_OLD, B, P1, P3, A, P2],
}

/** A version as it must be, of these contents. */
function version(number: number, place: Place, contents: Content[]): FoundVersion {
  const sum = contents
    .map(({ path, etag, sizeBytes }) =>
      createHash('sha256').update(`acc/lake/${path}\n${etag}\n${sizeBytes}`),
    )
    .reduce((total, hash) => total + BigInt(`0x${hash.digest('hex')}`), 0n)
  return {
    name: String(number),
    dataType: place.type,
    dataUri: `azureml://workspaces/guid/datastores/the_lake/paths/${place.dataPath}`,
    isArchived: false,
    tags: {},
    properties: {
      'lakemark.rule': place.rule,
      'lakemark.source': `acc/lake/${place.dataPath}${place.type === 'uri_folder' ? '/' : ''}`,
      'lakemark.etag': contents.at(-1)?.etag ?? '',
      'lakemark.fingerprint': (sum % 2n ** 256n).toString(16).padStart(64, '0'),
      'lakemark.files': String(contents.length),
      'lakemark.cut': '2026-01-31T00:00:00.000Z at once',
    },
    description: null,
  }
}

function asset(name: string, versions: FoundVersion[]): FoundAsset {
  const count = versions.length
  return { name, latestVersion: versions.at(-1)?.name ?? null, nextVersion: String(count + 1), versions }
}

/** In one workspace; some contents were overwritten, and some parts came in two versions. */
const goodAssets = () => [
  asset('files', [version(1, file('a'), [A_OLD]), version(2, file('b'), [B]), version(3, file('a'), [A])]),
  asset('hot-eu', [version(1, part('p1'), [P1, P3]), version(2, part('p2'), [P2])]),
]

interface State {
  lake: Content[]
  workspaces: Map<string, FoundAsset[]>
}

function goodState(): State {
  const lake = [A, B, P1, P2].map(content => ({ ...content }))
  return { lake, workspaces: new Map(WORKSPACES.map(name => [name, goodAssets()])) }
}

type Change = (state: State) => void

/** The same change in every workspace. */
const everywhere =
  (change: (asset: (name: string) => FoundAsset) => void): Change =>
  ({ workspaces }) => {
    for (const assets of workspaces.values())
      change(name => assets.find(one => one.name === name) as FoundAsset)
  }

const inB =
  (change: (asset: (name: string) => FoundAsset) => void): Change =>
  state =>
    everywhere(change)({ ...state, workspaces: new Map([['ml-b', state.workspaces.get('ml-b') ?? []]]) })

const replace = (of: FoundAsset, versions: FoundVersion[]) => Object.assign(of, asset(of.name, versions))

function violationsAfter(change: Change, expected = EXPECTED): string[] {
  const state: Found & State = goodState()
  change(state)
  return findViolations(state, expected).violations.map(({ kind, what }) => `${kind}: ${what}`)
}

const BAD: [string, Change, RegExp][] = [
  [
    'a gap in the numbers',
    everywhere(of => {
      Object.assign(of('files').versions[2] ?? {}, { name: '4' })
      Object.assign(of('files'), { latestVersion: '4' })
    }),
    /^gap: ml-a\/files has the versions 1, 2, 4 instead of 1 to 3/,
  ],
  [
    'numbers that do not begin with 1',
    everywhere(of => replace(of('hot-eu'), [version(2, part('p1'), [P1, P2])])),
    /^gap: ml-a\/hot-eu has the versions 2/,
  ],
  [
    'a version that is no number',
    everywhere(of =>
      replace(of('hot-eu'), [version(1, part('p1'), [P1, P2]), { ...version(2, part('p1'), []), name: 'x' }]),
    ),
    /^gap: ml-a\/hot-eu has the versions/,
  ],
  [
    'versions that were made out of order',
    everywhere(of => Object.assign(of('files'), { latestVersion: '2' })),
    /^gap: ml-b\/files has 2 as its latest version and 3 versions/,
  ],
  [
    'the same content twice',
    everywhere(
      of =>
        of('files').versions.push(version(4, file('b'), [B])) && replace(of('files'), of('files').versions),
    ),
    /^twice: ml-a\/files:4 is the same content as ml-a\/files:2: files\/b\.csv, 0xB0/,
  ],
  [
    'a file without a version',
    everywhere(of => replace(of('files'), [version(1, file('a'), [A_OLD]), version(2, file('a'), [A])])),
    /^lost: files\/b\.csv \(etag 0xB0\) is no version of ml-a\/files/,
  ],
  [
    'an asset that is not there at all',
    ({ workspaces }) => workspaces.set('ml-b', goodAssets().slice(1)),
    /^lost: files\/a\.csv \(etag 0xA1\) is no version of ml-b\/files/,
  ],
  [
    'a file whose newest content has no version',
    everywhere(of => replace(of('files'), [version(1, file('a'), [A_OLD]), version(2, file('b'), [B])])),
    /^lost: files\/a\.csv \(etag 0xA1\)/,
  ],
  [
    'an older content registered after a newer one',
    everywhere(of =>
      replace(of('files'), [
        version(1, file('a'), [A]),
        version(2, file('b'), [B]),
        version(3, file('a'), [A_OLD]),
      ]),
    ),
    /^wrong: ml-a\/files:3 is an older content of files\/a\.csv than ml-a\/files:1/,
  ],
  [
    'a content that was never written',
    everywhere(of =>
      replace(of('files'), [...of('files').versions, version(4, file('b'), [contentOf(B.path, '0xFF')])]),
    ),
    /^stranger: ml-a\/files:4 is files\/b\.csv with the etag 0xFF, never written/,
  ],
  [
    'one workspace that lacks a version',
    inB(of => replace(of('files'), of('files').versions.slice(0, 2))),
    /^uneven: files has 3 versions in ml-a and 2 in ml-b/,
  ],
  [
    'a number that is other data elsewhere',
    inB(of =>
      replace(of('files'), [
        version(1, file('b'), [B]),
        version(2, file('a'), [A_OLD]),
        version(3, file('a'), [A]),
      ]),
    ),
    /^wrong: files:1 differs: ml-a has .*files\/a\.csv.* ml-b has .*files\/b\.csv/,
  ],
  [
    'a number that carries another fingerprint elsewhere',
    inB(of =>
      Object.assign(of('hot-eu').versions[1]?.properties ?? {}, { 'lakemark.fingerprint': 'f'.repeat(64) }),
    ),
    /^wrong: hot-eu:2 differs/,
  ],
  [
    'a number that carries other tags elsewhere',
    inB(of => Object.assign(of('files').versions[1]?.tags ?? {}, { team: 'x' })),
    /^wrong: files:2 differs/,
  ],
  [
    'a wrong fingerprint everywhere',
    everywhere(of =>
      Object.assign(of('files').versions[1]?.properties ?? {}, { 'lakemark.fingerprint': '0'.repeat(64) }),
    ),
    /^wrong: ml-a\/files:2 has a wrong fingerprint/,
  ],
  [
    'a version that does not say where it comes from',
    everywhere(of => delete of('files').versions[1]?.properties['lakemark.source']),
    /^wrong: ml-a\/files:2 has lakemark\.source undefined/,
  ],
  [
    'a version of another rule',
    everywhere(of => Object.assign(of('files').versions[1]?.properties ?? {}, { 'lakemark.rule': 'hot' })),
    /^wrong: ml-a\/files:2 has lakemark\.rule hot instead of each-file/,
  ],
  [
    'a version that points to another place',
    everywhere(of =>
      Object.assign(of('files').versions[1] ?? {}, {
        dataUri: 'azureml://workspaces/g/datastores/other/paths/files/b.csv',
      }),
    ),
    /^wrong: ml-a\/files:2 points to .*other/,
  ],
  [
    'an archived version',
    everywhere(of => Object.assign(of('files').versions[1] ?? {}, { isArchived: true })),
    /^wrong: ml-a\/files:2 is archived/,
  ],
  [
    'an asset that nobody asked for',
    ({ workspaces }) => workspaces.get('ml-a')?.push(asset('other', [version(1, file('a'), [A])])),
    /^stranger: ml-a\/other is an asset that no file makes here/,
  ],
  [
    'a member that is in no version of its folder',
    everywhere(of => replace(of('hot-eu'), [version(1, part('p1'), [P1])])),
    /^lost: hot\/eu\/p2\.parquet \(etag 0xC2\) is in no version of ml-a\/hot-eu hot\/eu; its versions count 1 files, 2 lie there/,
  ],
  [
    'a member that is in two versions of its folder',
    everywhere(of =>
      replace(of('hot-eu'), [version(1, part('p1'), [P1, P2]), version(2, part('p1'), [P1, P3])]),
    ),
    /^twice: hot\/eu\/p1\.parquet \(etag 0xC1\) is in two versions of ml-a\/hot-eu/,
  ],
  [
    'a folder of the right size whose versions are of something else',
    everywhere(of =>
      Object.assign(of('hot-eu').versions[1]?.properties ?? {}, { 'lakemark.fingerprint': 'e'.repeat(64) }),
    ),
    /^wrong: the versions of ml-a\/hot-eu hot\/eu are not of the files that lie there/,
  ],
  [
    'a folder whose versions count wrongly',
    everywhere(of => Object.assign(of('hot-eu').versions[1]?.properties ?? {}, { 'lakemark.files': '2' })),
    /^wrong: the versions of ml-a\/hot-eu hot\/eu are not of the files that lie there; its versions count 4 files/,
  ],
  [
    'a file in the lake that the account of writing does not know',
    ({ lake }) => lake.push(contentOf('files/z.csv', '0xD0')),
    /^stranger: files\/z\.csv lies in the lake and was never written/,
  ],
  [
    'a file that was written and does not lie in the lake',
    ({ lake }) => lake.pop(),
    /^wrong: hot\/eu\/p2\.parquet was written and does not lie in the lake/,
  ],
  [
    'a file that was deleted and lies in the lake',
    ({ lake }) => lake.push(P3),
    /^wrong: hot\/eu\/p3\.parquet was deleted and lies in the lake/,
  ],
  [
    'a file in the lake whose last writing is not accounted for',
    ({ lake }) => Object.assign(lake[1] ?? {}, { ...B, etag: '0xBB' }),
    /^wrong: files\/b\.csv has the etag 0xBB in the lake, and the last one written was 0xB0/,
  ],
]

describe('the checker', () => {
  it('finds nothing wrong with a state that is right, and has looked at much', () => {
    const { violations, checks } = findViolations(goodState(), EXPECTED)
    expect(violations).toEqual([])
    expect(checks).toBeGreaterThan(90)
  })

  it('lets a folder be without what was deleted before it was cut', () => {
    expect(
      violationsAfter(everywhere(of => replace(of('hot-eu'), [version(1, part('p1'), [P1, P2])]))),
    ).toEqual([])
  })

  it.each(BAD)('names %s', (_, change, violation) => {
    expect(violationsAfter(change)).toContainEqual(expect.stringMatching(violation))
  })

  it('refuses to guess where a folder has had too many changes', () => {
    const former = Array.from({ length: 20 }, (_, index) => contentOf(P1.path, `0xE${index}`))
    const expected = { ...EXPECTED, contents: [...former, ...EXPECTED.contents] }
    expect(() => violationsAfter(() => undefined, expected)).toThrow('21 changes are too many')
  })

  it('shares no code with what it checks', () => {
    const parts = readSources('test/chaos').filter(({ path }) => /\/checker[a-z-]*\.ts$/.test(path))
    expect(parts.map(({ path }) => path)).toContain('test/chaos/checker.ts')
    for (const { imports } of parts) {
      const elsewhere = imports.filter(
        target => target.includes('/') && !/^(node:|@azure\/|test\/chaos\/checker)/.test(target),
      )
      expect(elsewhere).toEqual([])
    }
    expect(readFileSync(new URL('./checker.ts', import.meta.url), 'utf8')).not.toContain('/src/')
  })
})

describe('the checker reads', () => {
  const workspace = {
    name: 'ml-a',
    subscription: '00000000-0000-0000-0000-000000000001',
    resourceGroup: 'rg',
  }
  const COUNT = 250
  let emulator: AzureMlEmulator

  const put = async (name: string, number: number, isArchived = false) => {
    const { subscription, resourceGroup, name: at } = workspace
    const base = `${emulator.url}/subscriptions/${subscription}/resourceGroups/${resourceGroup}`
    const path = `providers/Microsoft.MachineLearningServices/workspaces/${at}/data/${name}/versions/${number}`
    const properties = {
      dataType: 'uri_file',
      dataUri: `azureml://datastores/the_lake/paths/files/${number} ü.csv`,
      properties: { own: String(number) },
      tags: {},
      isArchived,
    }
    const answer = await fetch(`${base}/${path}?api-version=2022-10-01`, {
      method: 'PUT',
      headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
      body: JSON.stringify({ properties }),
    })
    expect(answer.status).toBe(201)
  }

  beforeAll(async () => {
    emulator = await startAzureMlEmulator({ port: 0, workspaces: [workspace] })
    for (let index = 1; index <= COUNT; index += 1) {
      await put('many', index, index === 7)
      await put(`asset-${index}`, 1)
    }
  })
  afterAll(() => emulator?.close())

  it('all pages of assets and of versions, archived ones too', async () => {
    const assets = await readWorkspace(emulator.url, workspace)
    expect(assets).toHaveLength(COUNT + 1)
    const many = assets.find(({ name }) => name === 'many')
    expect(many?.versions.map(({ name }) => Number(name)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: COUNT }, (_, index) => index + 1),
    )
    expect(many?.versions.find(({ name }) => name === '7')).toMatchObject({
      isArchived: true,
      dataUri: expect.stringMatching(/\/datastores\/the_lake\/paths\/files\/7 ü\.csv$/),
      properties: { own: '7' },
    })
    expect(await countVersions({ arm: emulator.url, workspaces: [workspace] })).toBe(2 * COUNT)
  })

  it('a refusal as an error, not as an empty world', async () => {
    await expect(readWorkspace(emulator.url, { ...workspace, name: 'ml-other' })).rejects.toThrow(
      'answered 404',
    )
  })
})
