import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import parsePrometheusTextFormat from 'parse-prometheus-text-format'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { FileKnowledge } from '../../src/app/questions/file-knowledge.ts'
import type { Health } from '../../src/app/questions/health.ts'
import type { AssetDetail, AssetSummary } from '../../src/app/questions/status.ts'
import type { VersionDocument } from '../../src/app/questions/version-document.ts'
import { createBlobService } from '../../src/azure/storage-clients.ts'
import { createTableClient } from '../../src/azure/table-client.ts'
import { readConfig } from '../../src/config.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { ROUTES } from '../../src/functions/routes/routes.ts'
import type { Host } from '../../src/host/host.ts'
import { startService } from '../../src/local/service.ts'
import { AGENDA_TABLE } from '../../src/storage-names.ts'
import { until, writeRules } from '../e2e/process.ts'
import { postEvents } from '../support/local-events.ts'

const rulesOf = (name: string, asset: string) => `
rules:
  - { name: ${name}, from: devstoreaccount1/silver, match: "in/{name}.csv", asset: "${asset}-{name}", to: [retail] }
  - name: folders
    from: devstoreaccount1/silver
    match: parts/{name}/*.csv
    asset: parts-{name}
    type: uri_folder
    settle: 1h
    marker: _SUCCESS
    to: [ml-retail]
`

/** What is asked of the service by HTTP, over Azurite and the emulated Azure ML; each answer is held to its document. */
describe('the service, asked', () => {
  let azurite: Azurite
  let azureMl: AzureMlEmulator
  let host: Host
  let home: string
  let writes = 0

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'lakemark-'))
    azurite = await startAzurite()
    azureMl = await startAzureMlEmulator({ port: 0, workspaces: [] })
    await createBlobService(connection()).getContainerClient('silver').create()
    host = await startService(
      readConfig({
        AzureWebJobsStorage: azurite.connectionString,
        LAKEMARK_AZUREML_URL: azureMl.url,
        LAKEMARK_RULES: await writeRules(home, rulesOf('first', 'one')),
        LAKEMARK_PORT: '0',
        LAKEMARK_LOG: 'error',
      }),
      rules => azureMl.setWorkspaces([...rules.workspaces.values()]),
    )
  })
  afterAll(async () => {
    await host?.close({ graceMs: 5000 })
    await azureMl?.close()
    await azurite?.close()
    await rm(home, { recursive: true, force: true })
  })

  function connection() {
    return { kind: 'connection string', connectionString: azurite.connectionString } as const
  }

  /** Of the route's own schema. */
  async function ask<T>(route: string, path: string, status = 200): Promise<T> {
    const response = await fetch(`${host.url}/api/${path}`)
    const answer: unknown = await response.json()
    expect([response.status, path]).toEqual([status, path])
    const schema: z.ZodType | undefined = ROUTES.find(({ name }) => name === route)?.answers[status]?.schema
    expect(schema?.safeParse(answer).error).toBeUndefined()
    return answer as T
  }

  async function drop(...paths: string[]) {
    const container = createBlobService(connection()).getContainerClient('silver')
    const events = []
    for (const path of paths) {
      writes += 1
      const text = 'x'.repeat(writes)
      const { etag = '' } = await container.getBlockBlobClient(path).upload(text, text.length)
      events.push({
        topic:
          '/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/devstoreaccount1',
        subject: `/blobServices/default/containers/silver/blobs/${path}`,
        eventType: 'Microsoft.Storage.BlobCreated',
        eventTime: new Date().toISOString(),
        id: String(writes),
        data: {
          api: 'PutBlob',
          eTag: etag.replaceAll('"', ''),
          contentLength: text.length,
          sequencer: String(writes),
        },
        dataVersion: '',
        metadataVersion: '1',
      })
    }
    expect((await postEvents(host.url, events)).status).toBe(202)
  }

  const registered = (asset: string, version: number) =>
    until(`version ${version} of ${asset}`, async () => {
      const response = await fetch(`${host.url}/api/assets/${asset}`)
      const { latest, workspaces } = (await response.json()) as Partial<AssetDetail>
      const states = Object.values(workspaces ?? {})
      return latest === version && states.length > 0 && states.every(({ state }) => state === 'registered')
    })

  interface AssetPage {
    assets: AssetSummary[]
    continuation: string | null
  }

  it('lists assets by name, rule, workspace and state, page by page', async () => {
    await drop('in/a.csv', 'in/b.csv', 'in/c.csv', 'parts/x/1.csv')
    for (const name of ['a', 'b', 'c']) await registered(`one-${name}`, 1)
    const named = async (query: string) =>
      (await ask<AssetPage>('assets', `assets?${query}`)).assets.map(({ name }) => name)
    expect(await named('')).toEqual(['one-a', 'one-b', 'one-c', 'parts-x'])
    expect(await named('q=one*')).toEqual(['one-a', 'one-b', 'one-c'])
    expect(await named('q=-x')).toEqual(['parts-x'])
    expect(await named('rule=folders')).toEqual(['parts-x'])
    expect(await named('state=gathering')).toEqual(['parts-x'])
    expect(await named('state=registered&workspace=forecast-prod')).toEqual(['one-a', 'one-b', 'one-c'])
    expect(await named('state=failed')).toEqual([])

    const pages: string[] = []
    let continuation: string | null = null
    do {
      const more: string = continuation === null ? '' : `&continuation=${encodeURIComponent(continuation)}`
      const page: AssetPage = await ask<AssetPage>('assets', `assets?q=one&limit=2${more}`)
      pages.push(...page.assets.map(({ name }) => name))
      continuation = page.continuation
    } while (continuation !== null)
    expect(pages).toEqual(['one-a', 'one-b', 'one-c'])
  })

  it('answers one version with its members, page by page, also those overwritten since', async () => {
    await drop('parts/y/1.csv', 'parts/y/2.csv', 'parts/y/3.csv')
    await drop('parts/y/_SUCCESS')
    await registered('parts-y', 1)
    await drop('parts/y/2.csv')
    await drop('parts/y/_SUCCESS')
    await registered('parts-y', 2)
    const members: string[] = []
    let continuation: string | null = null
    do {
      const more: string = continuation === null ? '' : `&continuation=${encodeURIComponent(continuation)}`
      type Page = VersionDocument & { continuation: string | null }
      const page: Page = await ask<Page>('version', `assets/parts-y/versions/1?limit=2${more}`)
      expect(page).toMatchObject({
        version: 1,
        files: 3,
        dataUri: 'azureml://datastores/silver/paths/parts/y',
        workspaces: { 'ml-retail': { state: 'registered', at: expect.any(String) } },
      })
      members.push(...page.members.map(({ path }) => path))
      continuation = page.continuation
    } while (continuation !== null)
    expect(members.sort()).toEqual(['parts/y/1.csv', 'parts/y/2.csv', 'parts/y/3.csv'])
  })

  it.each([
    ['assets/one-a/versions/99', 'unknown-version', /has no version 99: the newest is 1/],
    ['assets/one-a/versions/0', 'unknown-version', /a whole number from 1/],
    ['assets/one-a/versions/1e1', 'unknown-version', /a whole number from 1/],
    ['assets/one-a/versions/99999999999999999999', 'unknown-version', /a whole number from 1/],
    ['assets/nothing/versions/1', 'unknown-asset', /no asset is called/],
  ])('answers %s with the problem %s', async (path, type, detail) => {
    expect(await ask('version', path, 404)).toMatchObject({
      type: `urn:lakemark:${type}`,
      detail: expect.stringMatching(detail),
    })
  })

  it('says of a number that others have that it was left out, and where the data went', async () => {
    const version = {
      properties: { dataType: 'uri_file', dataUri: 'azureml://datastores/d/paths/by-hand.csv' },
    }
    const retail =
      '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-retail/providers/Microsoft.MachineLearningServices/workspaces/ml-retail'
    for (const number of [2, 3]) {
      const put = await fetch(
        `${azureMl.url}${retail}/data/one-a/versions/${number}?api-version=2024-04-01`,
        {
          method: 'PUT',
          headers: { 'Content-Type': 'application/json', Authorization: 'Bearer any' },
          body: JSON.stringify(version),
        },
      )
      expect(put.ok).toBe(true)
    }
    await drop('in/a.csv')
    await registered('one-a', 4)
    expect(await ask('version', 'assets/one-a/versions/2')).toMatchObject({ movedTo: 4 })
    expect(await ask('version', 'assets/one-a/versions/3', 404)).toMatchObject({
      type: 'urn:lakemark:number-left-out',
      detail: expect.stringMatching(/others used numbers up to 3, so that the data of version 2 moved to 4/),
      movedFrom: 2,
      next: 4,
    })
  })

  it('knows of a file what rules have made of it that are there no more', async () => {
    await writeFile(join(home, 'rules/rules.yaml'), rulesOf('second', 'two'))
    await until('the other rules', async () => {
      const { rules } = await ask<FileKnowledge>('files', 'files?url=devstoreaccount1/silver/in/a.csv')
      return rules.some(({ rule }) => rule === 'second')
    })
    await drop('in/a.csv')
    await registered('two-a', 1)
    const url = encodeURIComponent(`${azurite.blobUrl}/silver/in/a.csv?sv=1&sig=secret`)
    const known = await ask<FileKnowledge>('files', `files?url=${url}`)
    expect(known).toMatchObject({ file: 'devstoreaccount1/silver/in/a.csv', lake: { state: 'there' } })
    const shown = known.assets.map(({ asset, rules, versions }) => [
      asset,
      rules,
      versions.map(({ version, rule, movedTo, current }) => [version, rule, movedTo, current]),
    ])
    expect(shown).toEqual([
      ['two-a', ['second'], [[1, 'second', null, true]]],
      [
        'one-a',
        [],
        [
          [4, 'first', null, true],
          [2, 'first', 4, true],
          [1, 'first', null, false],
        ],
      ],
    ])
    expect(known.assets[0]?.lastSeen).toMatchObject({ sizeBytes: writes, removed: false })
  })

  it('is measured as Prometheus reads it, and holds no secret', async () => {
    const response = await fetch(`${host.url}/api/metrics`)
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    const text = await response.text()
    const families = new Map(parsePrometheusTextFormat(text).map(family => [family.name, family]))
    expect(families.get('lakemark_events_total')).toMatchObject({
      type: 'COUNTER',
      metrics: [{ value: String(writes) }],
    })
    const first = '00000000-0000-0000-0000-000000000001'
    expect(families.get('lakemark_arm_requests_left')?.metrics.map(({ labels }) => labels)).toContainEqual({
      subscription: first,
      principal: '',
      kind: 'writes',
    })
    expect(families.get('lakemark_source_failed')?.metrics.map(({ value }) => value)).toEqual([
      '0',
      '0',
      '0',
      '0',
    ])
    expect(families.get('lakemark_work_queue_messages')?.metrics).toHaveLength(1)
    expect(Number(families.get('process_resident_memory_bytes')?.metrics[0]?.value)).toBeGreaterThan(1e6)
    expect(Number(families.get('process_start_time_seconds')?.metrics[0]?.value)).toBeLessThan(
      Date.now() / 1000,
    )
  })

  it('is ready, and not ready once a table is gone, which it names', async () => {
    expect(await ask<Health>('health', 'health')).toMatchObject({
      status: 'ready',
      rulesCount: 2,
      rulesCommit: null,
    })
    await createTableClient(connection(), AGENDA_TABLE).deleteTable()
    expect(await ask<Health>('health', 'health', 503)).toMatchObject({
      status: 'unready',
      agenda: expect.stringMatching(/ask the table lakemarkAgenda.*(does not exist|TableNotFound)/),
      ledger: 'ready',
      runs: 'ready',
      workQueue: 'ready',
      blobs: 'ready',
    })
  })
})
