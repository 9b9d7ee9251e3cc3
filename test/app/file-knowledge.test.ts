import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../src/app/ports.ts'
import type { FileKnowledge } from '../../src/app/questions/file-knowledge.ts'
import { PermanentError, TransientError, UnreadableError } from '../../src/core/errors.ts'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { createMemoryWorld, FILES_RULE, FOLDER_RULE } from '../support/memory-world.ts'

type MemoryWorld = ReturnType<typeof createMemoryWorld>
type Override = Parameters<typeof createMemoryWorld>[1]

const refOf = (path: string) => ({ account: 'contosolake', container: 'silver', path })
const know = (world: MemoryWorld, path: string, page = { limit: 100 }) =>
  world.lakemark.knowFile(refOf(path), page)

async function drop(world: MemoryWorld, ...paths: string[]) {
  await world.deliver(...paths.map(path => world.upload(path)))
  await world.drain({ forMs: SECOND })
}

const A = 'files/a.csv'

describe('what is known of a file', () => {
  it('is what the lake holds, the rules that match, and where it was taken in', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await drop(world, A)
    const known = await know(world, A)
    const state = { state: 'registered', reason: null }
    expect(known).toEqual({
      file: 'contosolake/silver/files/a.csv',
      ...refOf(A),
      commit: 'abc1234',
      isWatched: true,
      isDirectory: false,
      lake: { state: 'there', etag: '0x1', sizeBytes: 10, isDirectory: false, isBeingCopied: false },
      rules: [
        { rule: 'files', role: 'data', asset: 'a', workspaces: ['ml-forecast', 'ml-retail'], reason: null },
      ],
      assets: [
        {
          asset: 'a',
          type: 'uri_file',
          rules: ['files'],
          workspaces: ['ml-forecast', 'ml-retail'],
          lastSeen: {
            at: expect.any(String),
            etag: '0x1',
            sizeBytes: 10,
            sequencer: expect.stringMatching(/1$/),
            removed: false,
          },
          gathering: null,
          versions: [
            expect.objectContaining({
              version: 1,
              current: true,
              etag: '0x1',
              sizeBytes: 10,
              rule: 'files',
              workspaces: { 'ml-forecast': state, 'ml-retail': state },
            }),
          ],
          hasMoreVersions: false,
          obstacle: null,
          unreadable: null,
        },
      ],
      refusals: [],
      continuation: undefined,
    })
  })

  it('holds every version that it was ever part of, newest first, each with its own content', async () => {
    const world = createMemoryWorld(FILES_RULE)
    for (let round = 0; round < 3; round += 1) await drop(world, A)
    const [asset] = (await know(world, A)).assets
    expect(asset?.versions.map(({ version, etag, current }) => [version, etag, current])).toEqual([
      [3, '0x3', true],
      [2, '0x2', false],
      [1, '0x1', false],
    ])
  })

  it('shows twenty versions, and says that there are more', async () => {
    const world = createMemoryWorld(FILES_RULE)
    for (let round = 0; round < 25; round += 1) await drop(world, A)
    const [asset] = (await know(world, A)).assets
    expect(asset?.versions.map(({ version }) => version)).toEqual(
      Array.from({ length: 20 }, (_, at) => 25 - at),
    )
    expect(asset?.hasMoreVersions).toBe(true)
  })

  it('keeps what rules have made of it that match no more, or are there no more', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await drop(world, A)
    world.useRules(FILES_RULE.replace('name: files', 'name: other').replace('"{name}"', '"new-{name}"'))
    await drop(world, A)
    const known = await know(world, A)
    expect(known.rules.map(({ rule, asset }) => [rule, asset])).toEqual([['other', 'new-a']])
    const shown = known.assets.map(({ asset, rules, versions }) => [
      asset,
      rules,
      versions.map(({ version, rule, etag }) => `${version} ${rule} ${etag}`),
    ])
    expect(shown).toEqual([
      ['new-a', ['other'], ['1 other 0x2']],
      ['a', [], ['1 files 0x1']],
    ])
  })

  it('is not taken from accounts that no rule names, though the ledger is asked', async () => {
    const world = createMemoryWorld(FILES_RULE, ({ lake }) => ({
      lake: {
        ...lake,
        async head(ref) {
          if (ref.account !== 'contosolake') throw new Error('a stranger was sent a token')
          return lake.head(ref)
        },
      },
    }))
    const known = await world.lakemark.knowFile(
      { account: 'stranger', container: 'silver', path: 'a' },
      { limit: 9 },
    )
    expect(known).toMatchObject({ isWatched: false, lake: null, rules: [], assets: [], refusals: [] })
  })

  it('says where it waits, and that a removed file was seen to go', async () => {
    const world = createMemoryWorld(FOLDER_RULE)
    const path = 'sales/eu/dt=1/a.parquet'
    await drop(world, path, 'sales/eu/dt=1/b.parquet')
    expect((await know(world, path)).assets[0]).toMatchObject({
      gathering: { files: 2, cause: 'settled' },
      versions: [],
    })
    await world.drain({ forMs: 6 * MINUTE })
    await world.deliver(world.removal(path))
    expect(await know(world, path)).toMatchObject({
      lake: { state: 'absent' },
      assets: [
        { gathering: null, lastSeen: { removed: true, etag: '0x1' }, versions: [{ version: 1, files: 2 }] },
      ],
    })
  })

  it('holds refusals with their reasons, of rules that are and of rules that were', async () => {
    const world = createMemoryWorld(FILES_RULE)
    const path = 'files/___.csv'
    await drop(world, path)
    const [refused] = (await know(world, path)).refusals
    expect(refused).toMatchObject({
      rule: 'files',
      asset: null,
      reason: expect.stringMatching(/no character/),
    })
    expect((await know(world, path)).rules).toEqual([
      { rule: 'files', role: null, asset: null, workspaces: [], reason: expect.any(String) },
    ])
    world.useRules(FILES_RULE.replace('name: files', 'name: other').replace('files/{name}', 'else/{name}'))
    expect(await know(world, path)).toMatchObject({ rules: [], refusals: [refused] })
  })

  it('shows what stands in the way of the next version', async () => {
    const world = createMemoryWorld(FILES_RULE)
    await drop(world, A)
    world.useRules(`${FILES_RULE}    type: uri_folder\n`)
    const [asset] = (await know(world, A)).assets
    expect(asset?.obstacle).toMatch(/asset a exists as uri_file; the rule makes a uri_folder/)
  })

  it('is told as far as it can be: of one asset that cannot be read, and a lake that does not answer', async () => {
    const override: Override = ({ ledger, lake }) => ({
      ledger: {
        ...ledger,
        async readFiles(asset, keys) {
          if (asset === 'a') throw new UnreadableError('ledger row a/head has layout 9')
          return ledger.readFiles(asset, keys)
        },
      },
      lake: {
        ...lake,
        async head() {
          throw new TransientError('the lake is away')
        },
      },
    })
    const both = `${FILES_RULE}  - { name: copy, from: contosolake/silver, match: "files/{name}.csv", asset: "copy-{name}", to: [retail] }\n`
    const known = await know(createMemoryWorld(both, override), A)
    expect(known.lake).toEqual({ state: 'unknown', reason: 'the lake is away' })
    expect(known.assets).toMatchObject([
      { asset: 'a', unreadable: 'ledger row a/head has layout 9' },
      { asset: 'copy-a', unreadable: null },
    ])
  })

  it('fails as a whole where the ledger does not answer', async () => {
    const broken = createMemoryWorld(FILES_RULE, ({ ledger }) => ({
      ledger: {
        ...ledger,
        async readFiles() {
          throw new TransientError('the ledger is away')
        },
      },
    }))
    await expect(know(broken, A)).rejects.toThrow(TransientError)
  })

  it('comes page by page, with what the rules in force make of it on the first alone', async () => {
    const world = createMemoryWorld(FILES_RULE)
    for (const name of ['n1', 'n2', 'n3', 'n4', 'n5']) {
      world.useRules(
        FILES_RULE.replace('name: files', `name: ${name}`).replace('"{name}"', `"${name}-{name}"`),
      )
      await drop(world, A)
    }
    const pages: FileKnowledge[] = []
    let continuation: string | undefined
    do {
      const page = await know(world, A, { limit: 2, ...(continuation === undefined ? {} : { continuation }) })
      pages.push(page)
      continuation = page.continuation
    } while (continuation !== undefined)
    expect(pages).toHaveLength(3)
    expect(pages.map(({ assets }) => assets.map(({ asset }) => asset))).toEqual([
      ['n5-a', 'n1-a', 'n2-a'],
      ['n3-a', 'n4-a'],
      [],
    ])
  })

  it('looks for versions whose numbers lie far apart, as far as it is bounded', async () => {
    let lookups = 0
    const count = (ledger: Ledger): Ledger => ({
      ...ledger,
      async readVersions() {
        // As if the numbers of strangers lay between them.
        return []
      },
      async readVersionsOfCut(...asked) {
        lookups += 1
        return ledger.readVersionsOfCut(...asked)
      },
    })
    let isCounting = false
    const world = createMemoryWorld(FILES_RULE, ({ ledger }) => {
      const counting = count(ledger)
      return {
        ledger: {
          ...ledger,
          readVersions: (...asked) => (isCounting ? counting : ledger).readVersions(...asked),
          readVersionsOfCut: counting.readVersionsOfCut,
        },
      }
    })
    for (let round = 0; round < 9; round += 1) await drop(world, A)
    isCounting = true
    const [asset] = (await know(world, A)).assets
    expect(asset?.versions.map(({ version }) => version)).toEqual([9, 8, 7, 6, 5, 4])
    expect(asset?.hasMoreVersions).toBe(true)
    expect(lookups).toBe(6)
  })

  it('shows a failed delivery with its reason', async () => {
    const world = createMemoryWorld(FILES_RULE, ({ azureMl }) => ({
      azureMl: {
        ...azureMl,
        async putVersion() {
          throw new PermanentError('the tags are not to our liking')
        },
      },
    }))
    await drop(world, A)
    expect((await know(world, A)).assets[0]?.versions[0]?.workspaces['ml-retail']).toEqual({
      state: 'failed',
      reason: 'the tags are not to our liking',
    })
  })
})
