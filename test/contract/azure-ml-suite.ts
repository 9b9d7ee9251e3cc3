import { beforeAll, describe, expect, it } from 'vitest'
import type { AzureMl, ListedVersion } from '../../src/app/ports.ts'
import type { DataVersionBody } from '../../src/core/asset/data-version.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import type { Workspace } from '../../src/core/rules/rule-set.ts'

export const WORKSPACES: readonly [Workspace, Workspace] = [
  {
    alias: 'one',
    subscription: '00000000-0000-0000-0000-000000000001',
    resourceGroup: 'rg-one',
    name: 'ml-one',
  },
  {
    alias: 'two',
    subscription: '00000000-0000-0000-0000-000000000002',
    resourceGroup: 'rg-two',
    name: 'ml-two',
  },
]

const SILVER = { account: 'contosolake', container: 'silver', name: 'silver', kind: 'azure_blob' } as const

export function describeAzureMl(name: string, create: () => Promise<AzureMl>): void {
  describe(name, () => {
    const [one, two] = WORKSPACES
    let azureMl: AzureMl
    beforeAll(async () => {
      azureMl = await create()
    })

    const body = (path: string, overrides: Partial<DataVersionBody> = {}): DataVersionBody => ({
      type: 'uri_file',
      dataUri: `azureml://datastores/silver/paths/${path}`,
      description: 'Daily sales',
      tags: { team: 'retail' },
      properties: { 'lakemark.fingerprint': 'f' },
      ...overrides,
    })

    it('registers a version and gives it back', async () => {
      expect(await azureMl.putVersion(one, 'asset-a', 1, body('a.csv'))).toBe('registered')
      const there = await azureMl.getVersion(one, 'asset-a', 1)
      expect(there).toMatchObject({
        type: 'uri_file',
        description: 'Daily sales',
        tags: { team: 'retail' },
        isArchived: false,
      })
      expect(there?.properties['lakemark.fingerprint']).toBe('f')
      expect(there?.dataUri).toMatch(/datastores\/silver\/paths\/a\.csv$/)
    })

    it('takes the same version again as the same', async () => {
      expect(await azureMl.putVersion(one, 'asset-b', 1, body('a.csv'))).toBe('registered')
      expect(await azureMl.putVersion(one, 'asset-b', 1, body('a.csv'))).toBe('registered')
    })

    it('says that a number is taken where it holds other data, and leaves it alone', async () => {
      await azureMl.putVersion(one, 'asset-c', 1, body('a.csv'))
      const other = body('b.csv', { properties: { 'lakemark.fingerprint': 'g' } })
      expect(await azureMl.putVersion(one, 'asset-c', 1, other)).toBe('taken')
      expect((await azureMl.getVersion(one, 'asset-c', 1))?.dataUri).toMatch(/a\.csv$/)
    })

    it('takes a version with our own fingerprint for ours, wherever it points, and leaves it alone', async () => {
      await azureMl.putVersion(one, 'asset-o', 1, body('a.csv'))
      expect(await azureMl.putVersion(one, 'asset-o', 1, body('renamed/a.csv'))).toBe('registered')
      expect((await azureMl.getVersion(one, 'asset-o', 1))?.dataUri).toMatch(/paths\/a\.csv$/)
      const stranger = body('x.csv', { properties: {} })
      await azureMl.putVersion(one, 'asset-o', 2, stranger)
      expect(await azureMl.putVersion(one, 'asset-o', 2, body('a.csv'))).toBe('taken')
    })

    it('keeps workspaces apart', async () => {
      await azureMl.putVersion(one, 'asset-d', 1, body('a.csv'))
      expect(await azureMl.getVersion(two, 'asset-d', 1)).toBeUndefined()
      expect(await azureMl.putVersion(two, 'asset-d', 1, body('b.csv'))).toBe('registered')
    })

    it('refuses another type than the asset has, for good', async () => {
      await azureMl.putVersion(one, 'asset-e', 1, body('a.csv'))
      const folder = body('a', { type: 'uri_folder' })
      await expect(azureMl.putVersion(one, 'asset-e', 2, folder)).rejects.toBeInstanceOf(PermanentError)
    })

    it('knows the highest number, archived versions included', async () => {
      expect(await azureMl.highestVersion(one, 'asset-f')).toBe(0)
      for (const number of [1, 7, 3]) await azureMl.putVersion(one, 'asset-f', number, body('a.csv'))
      await azureMl.archiveVersion(one, 'asset-f', 7)
      expect(await azureMl.highestVersion(one, 'asset-f')).toBe(7)
      expect(await azureMl.getVersion(one, 'asset-f', 7)).toMatchObject({
        isArchived: true,
        tags: { team: 'retail' },
      })
    })

    it('lists the versions of an asset page by page, archived ones included', async () => {
      const none = await azureMl.listVersions(one, 'asset-g', { limit: 2 })
      expect(none).toEqual({ items: [], continuation: undefined })
      for (const number of [1, 2, 3]) await azureMl.putVersion(one, 'asset-g', number, body(`${number}.csv`))
      await azureMl.archiveVersion(one, 'asset-g', 2)
      const found: ListedVersion[] = []
      let continuation: string | undefined
      let pages = 0
      do {
        const page = await azureMl.listVersions(one, 'asset-g', { limit: 2, continuation })
        expect(page.items.length).toBeLessThanOrEqual(2)
        found.push(...page.items)
        continuation = page.continuation
        pages += 1
      } while (continuation !== undefined && pages < 10)
      found.sort((a, b) => a.number - b.number)
      expect(found.map(({ number, isArchived }) => [number, isArchived])).toEqual([
        [1, false],
        [2, true],
        [3, false],
      ])
      expect(found.map(({ dataUri }) => dataUri.replace(/^.*\/paths\//, ''))).toEqual([
        '1.csv',
        '2.csv',
        '3.csv',
      ])
      expect(found[0]?.fingerprint).toBe('f')
    })

    it('creates a datastore once, and is content with it later', async () => {
      expect(await azureMl.ensureDatastore(one, SILVER)).toBe('written')
      await azureMl.ensureDatastore(one, SILVER)
      expect(await azureMl.ensureDatastore(one, SILVER, { since: Date.now() + 1000 })).toBe('kept')
    })

    it('asks before each request for a datastore, and sends none that it may not', async () => {
      const bronze = { ...SILVER, container: 'bronze', name: 'bronze' }
      const asked: string[] = []
      const allowing = (...kinds: string[]) => ({
        beforeRequest: async (kind: string) => {
          asked.push(kind)
          if (!kinds.includes(kind)) throw new TransientError(`no ${kind} now`)
        },
      })
      await expect(azureMl.ensureDatastore(one, bronze, allowing())).rejects.toThrow('no reads now')
      await expect(azureMl.ensureDatastore(one, bronze, allowing('reads'))).rejects.toThrow('no writes now')
      expect(await azureMl.ensureDatastore(one, bronze, allowing('reads', 'writes'))).toBe('written')
      expect(asked.splice(0)).toEqual(['reads', 'reads', 'writes', 'reads', 'writes'])
      await azureMl.ensureDatastore(one, bronze, allowing())
      expect(asked).toEqual([])
      const since = Date.now() + 1000
      expect(await azureMl.ensureDatastore(one, bronze, { ...allowing('reads'), since })).toBe('kept')
    })

    it('gives a datastore the credential that is wanted, and another one where another is wanted', async () => {
      const gold = { ...SILVER, container: 'gold', name: 'gold' }
      const since = Date.now() + 1000
      const ensure = (name?: string) => {
        const secret = `keyvault:https://team.vault.azure.net/secrets/${name}`
        const credential = name === undefined ? undefined : ({ kind: 'sas', secret } as const)
        return azureMl.ensureDatastore(one, { ...gold, credential }, { since })
      }
      expect(await ensure()).toBe('written')
      expect(await ensure('a')).toBe('written')
      expect(await ensure('a')).toBe('kept')
      expect(await ensure('b')).toBe('written')
      expect(await ensure()).toBe('written')
      expect(await ensure()).toBe('kept')
    })

    it('refuses a datastore whose name is used for another container, for good', async () => {
      await azureMl.ensureDatastore(two, SILVER)
      const other = { ...SILVER, container: 'gold' }
      await expect(azureMl.ensureDatastore(two, other)).rejects.toThrow(/silver/)
      await expect(azureMl.ensureDatastore(two, other)).rejects.toBeInstanceOf(PermanentError)
    })
  })
}
