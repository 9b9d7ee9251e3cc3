import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Lake } from '../../src/app/ports.ts'
import { createBlobLake } from '../../src/azure/blob-lake.ts'
import { createTableClient } from '../../src/azure/table-client.ts'
import { createTableLedger } from '../../src/azure/table-ledger.ts'
import { type Azurite, DEV_ACCOUNT, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { startTestLake, type TestLake } from '../emulators/lake/lake.ts'
import { createMemoryWorld } from '../support/memory-world.ts'
import { ALL_FILES } from './host-world.ts'

const RULES = ALL_FILES.replaceAll('contosolake', DEV_ACCOUNT)
const NAMES = [
  ...[
    'plain.csv',
    'a b.csv',
    ' leading',
    'trailing.',
    'per%cent',
    '100%25.csv',
    'a%2Fb',
    'hash#and?mark&x=1+2.csv',
  ],
  ...[
    'é.csv',
    'e\u0301.csv',
    '日本/データ.parquet',
    '😀.csv',
    '\u202egnp.csv',
    'zero\u200bwidth',
    'quote\'"`.csv',
  ],
  ...[
    '{braces}/[x]/*',
    'semi;colon:comma,',
    '~tilde^',
    '$dollar',
    '__proto__',
    'constructor',
    '.hidden',
    'x'.repeat(1024),
  ],
  ...['a//b', 'a/', '<script>', "' or RowKey ne '", '\u0085', '\ufeffbom'],
]

const PLACES = [
  ...NAMES.map(name => ['silver', name] as const),
  ...NAMES.map(name => ['$web', name] as const),
  // Azurite cannot list a container in which this lies: its XML may not hold it.
  ['$web', '\uffff'] as const,
  // No folders there.
  ...NAMES.filter(name => !name.includes('/')).map(name => ['$root', name] as const),
]

/** Real uploads through the local lake; its events, the tables and the blobs are Azurite's own. */
describe('a file that is really uploaded', () => {
  let azurite: Azurite
  let lake: TestLake
  let real: Lake
  let world: ReturnType<typeof createMemoryWorld>

  beforeAll(async () => {
    azurite = await startAzurite()
    lake = await startTestLake(azurite)
    const connection = { kind: 'connection string', connectionString: azurite.connectionString } as const
    const table = createTableClient(connection, 'ledger')
    await table.createTable()
    real = createBlobLake(() => lake.service)
    world = createMemoryWorld(RULES, () => ({
      ledger: createTableLedger(table),
      lake: real,
    }))
    for (const container of ['silver', '$root', '$web'])
      await lake.service.getContainerClient(container).createIfNotExists()
  })
  afterAll(async () => {
    await lake?.proxy.close()
    await azurite?.close()
  })

  it.each(PLACES)(
    'to %s as %j is one event of that name, and is registered or refused with a reason',
    async (container, name) => {
      lake.events.length = 0
      const { etag } = await lake.service
        .getContainerClient(container)
        .getBlockBlobClient(name)
        .upload('x', 1)
      expect(lake.events).toHaveLength(1)
      await world.deliver(...lake.events)
      await world.drain()

      const ref = { account: DEV_ACCOUNT, container, path: name }
      const { rules, lake: facts, isDirectory } = await world.lakemark.explain(ref)
      expect(facts).toMatchObject({ state: 'there', etag: etag?.replaceAll('"', '') })
      const [rule] = rules
      if (isDirectory) return
      if (rule?.result.kind === 'refused') {
        expect(rule.ledger?.refusal?.reason).toBe(rule.reason)
        return
      }
      const states = Object.values(rule?.ledger?.version?.workspaces ?? {}).map(({ state }) => state)
      expect(states).toEqual(['registered', 'registered'])
    },
  )

  it('keeps names apart that look the same', async () => {
    const { items } = await real.list(
      { account: DEV_ACCOUNT, container: 'silver', path: '' },
      { limit: 5000 },
    )
    expect(new Set(items.map(({ ref }) => ref.path))).toEqual(new Set(NAMES))
  })
})
