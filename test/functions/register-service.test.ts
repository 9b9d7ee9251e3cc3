import { fileURLToPath } from 'node:url'
import { BlobServiceClient } from '@azure/storage-blob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RegistrationView } from '../../src/app/register/view.ts'
import { readConfig } from '../../src/config.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import type { Host } from '../../src/host/host.ts'
import { loadRules } from '../../src/load-rules.ts'
import { startService } from '../../src/local/service.ts'
import { ALIASES, armVersions, until } from '../e2e/process.ts'

const RULES = fileURLToPath(new URL('../../rules', import.meta.url))
const FILES = 150
const REGIONS = ['eu', 'us', 'jp']

/** What an old pipeline sends: its address is all that has changed. */
const BODY = {
  workspace_definition: [
    {
      workspace_name: 'ml-retail',
      subscription_id: '00000000-0000-0000-0000-000000000001',
      resource_group: 'rg-retail',
    },
    {
      workspace_name: 'forecast-prod',
      subscription_id: '00000000-0000-0000-0000-000000000002',
      resource_group: 'rg-forecast',
    },
  ],
  datastore_definition: [
    { adlsgen2_datastore_name: 'raw', account_name: 'devstoreaccount1', filesystem: 'silver' },
  ],
  dataset_definition: [
    { dataset_name: 'parts', dataset_path: '/raw/**/*.parquet' },
    { dataset_name: 'weather', dataset_path: 'raw/weather.csv' },
  ],
}

/** The functions in the embedded host, over Azurite and the emulated Azure ML, and a client that is fetch alone. */
describe('a pipeline that spoke to the ancestor', () => {
  let azurite: Azurite
  let azureMl: AzureMlEmulator
  let host: Host

  beforeAll(async () => {
    azurite = await startAzurite()
    const { rules } = await loadRules(RULES, undefined)
    azureMl = await startAzureMlEmulator({ port: 0, workspaces: [...rules.workspaces.values()] })
    host = await startService(
      readConfig({
        AzureWebJobsStorage: azurite.connectionString,
        LAKEMARK_AZUREML_URL: azureMl.url,
        LAKEMARK_RULES: RULES,
        LAKEMARK_PORT: '0',
        LAKEMARK_LOG: 'error',
      }),
    )
    await upload(...Array.from({ length: FILES }, (_, at) => `raw/${REGIONS[at % 3]}/part-${at}.parquet`))
    await upload('raw/weather.csv', 'raw/weather.csv.bak', 'raw/eu/notes.txt')
  })
  afterAll(async () => {
    await host?.close({ graceMs: 5000 })
    await azureMl?.close()
    await azurite?.close()
  })

  async function upload(...paths: string[]): Promise<void> {
    const silver = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(
      'silver',
    )
    await silver.createIfNotExists()
    const rest = paths.values()
    const lane = async () => {
      for (const path of rest) await silver.getBlockBlobClient(path).upload('data', 4)
    }
    await Promise.all(Array.from({ length: 8 }, lane))
  }

  const post = (body: unknown = BODY) =>
    fetch(`${host.url}/api/register`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })

  async function follow(started: Response): Promise<RegistrationView> {
    expect(started.status).toBe(202)
    const location = started.headers.get('location') ?? ''
    let answer = await fetch(location)
    await until('the registration to end', async () => {
      if (answer.status === 202) answer = await fetch(location)
      return answer.status !== 202
    })
    return (await answer.json()) as RegistrationView
  }

  it('has its datasets registered, each as one version, the same in each workspace', async () => {
    const ended = await follow(await post())
    expect(ended).toMatchObject({ state: 'done', reason: null })
    expect(ended.assets.map(({ asset, type, files, version }) => [asset, type, files, version])).toEqual([
      ['parts', 'uri_folder', FILES, 1],
      ['weather', 'uri_file', 1, 1],
    ])
    for (const alias of ALIASES) {
      const [parts, ...more] = await armVersions(azureMl.url, alias, 'parts')
      expect(more).toEqual([])
      expect(parts?.properties.dataUri).toMatch(/\/datastores\/raw\/paths\/raw$/)
      expect(parts?.properties.properties).toMatchObject({
        'lakemark.rule': 'register:parts',
        'lakemark.source': 'devstoreaccount1/silver/raw/',
        'lakemark.files': String(FILES),
        'lakemark.cut': expect.stringMatching(/ requested$/),
      })
      const weather = await armVersions(azureMl.url, alias, 'weather')
      expect(weather.map(({ properties }) => properties.dataUri)).toEqual([
        expect.stringMatching(/\/datastores\/raw\/paths\/raw\/weather\.csv$/),
      ])
    }
  })

  it('may ask as often as it likes, and at once: there is a version where the content has changed', async () => {
    const posted = await Promise.all([post(), post()])
    for (const started of posted) expect(await follow(started)).toMatchObject({ state: 'done' })
    expect((await armVersions(azureMl.url, 'ml-retail', 'parts')).map(({ name }) => name)).toEqual(['1'])
    await upload('raw/eu/part-0.parquet')
    const again = await Promise.all([post(), post()])
    for (const started of again) expect(await follow(started)).toMatchObject({ state: 'done' })
    for (const alias of ALIASES) {
      const versions = await armVersions(azureMl.url, alias, 'parts')
      expect(versions.map(({ name, properties }) => [name, properties.properties['lakemark.files']])).toEqual(
        [
          ['1', String(FILES)],
          ['2', '1'],
        ],
      )
      expect(await armVersions(azureMl.url, alias, 'weather')).toHaveLength(1)
    }
  })

  it('is told where the datastore of that name is another one', async () => {
    await upload('other/x.csv')
    const { workspaces } = (await loadRules(RULES, undefined)).rules
    const retail = workspaces.get('ml-retail')
    const path = `subscriptions/${retail?.subscription}/resourceGroups/${retail?.resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${retail?.name}/datastores/elsewhere`
    const created = await fetch(`${azureMl.url}/${path}?api-version=2022-10-01`, {
      method: 'PUT',
      headers: { Authorization: 'Bearer test', 'Content-Type': 'application/json' },
      body: JSON.stringify({
        properties: {
          credentials: { credentialsType: 'None' },
          datastoreType: 'AzureDataLakeGen2',
          accountName: 'another',
          filesystem: 'place',
        },
      }),
    })
    expect(created.ok).toBe(true)
    const ended = (await follow(
      await post({
        ...BODY,
        datastore_definition: [{ ...BODY.datastore_definition[0], adlsgen2_datastore_name: 'elsewhere' }],
        dataset_definition: [{ dataset_name: 'other', dataset_path: 'other/' }],
      }),
    )) as unknown as { detail: string; status: number; registration: RegistrationView }
    expect(ended).toMatchObject({
      status: 422,
      detail: expect.stringMatching(
        /^other could not be registered in ml-retail: datastore elsewhere .* another\/place/,
      ),
      registration: { assets: [{ workspaces: { 'ml-forecast': { state: 'registered' } } }] },
    })
  })
})
