import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Failure } from '../../src/app/failures/failure.ts'
import type { AssetDetail, AssetSummary } from '../../src/app/questions/status.ts'
import { createQueueService } from '../../src/azure/storage-clients.ts'
import { WORK_QUEUE } from '../../src/azure-world.ts'
import { readConfig } from '../../src/config.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import type { Host } from '../../src/host/host.ts'
import { loadRules } from '../../src/load-rules.ts'
import { startService } from '../../src/local/service.ts'
import { until } from '../e2e/process.ts'
import { postEvents, salesEvent } from '../support/local-events.ts'

const RULES = fileURLToPath(new URL('../../rules', import.meta.url))

/** The functions in the embedded host, over Azurite and the emulated Azure ML, with the sample rules. */
describe('the service', () => {
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
  })
  afterAll(async () => {
    await host?.close({ graceMs: 5000 })
    await azureMl?.close()
    await azurite?.close()
  })

  const get = (path: string) => fetch(`${host.url}/api/${path}`)
  const read = async <T>(path: string) => (await (await get(path)).json()) as T

  async function drop(...names: string[]) {
    const response = await postEvents(host.url, names.map(salesEvent))
    expect(response.status).toBe(202)
  }

  const stateOf = async (asset: string, alias = 'ml-retail') =>
    (await read<AssetDetail>(`assets/${asset}`)).workspaces[alias]

  it('answers pages of assets, each once', async () => {
    await drop('page-1', 'page-2', 'page-3')
    const names: string[] = []
    let continuation: string | null = null
    do {
      const query: string = continuation === null ? '' : `&continuation=${encodeURIComponent(continuation)}`
      const page: { assets: AssetSummary[]; continuation: string | null } = await read(
        `assets?limit=2${query}`,
      )
      expect(page.assets.length).toBeLessThanOrEqual(2)
      names.push(...page.assets.map(({ name }) => name))
      continuation = page.continuation
    } while (continuation !== null)
    expect(names).toEqual(['sales-eu-page-1', 'sales-eu-page-2', 'sales-eu-page-3'])
  })

  it.each([
    ['assets/no-such-asset', 404],
    [`assets/${encodeURIComponent("x' or RowKey ne '")}`, 404],
    ['assets?limit=0', 400],
    ['assets?limit=ten', 400],
    ['assets?continuation=%00', 400],
    ['assets?continuation=bm90IG9uZQ==', 400],
  ])('answers %s with problem JSON of status %i', async (path, status) => {
    const response = await get(path)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toMatch('application/problem+json')
    expect(await response.json()).toMatchObject({
      type: expect.stringMatching(/^urn:lakemark:/),
      status,
      detail: expect.any(String),
    })
  })

  it('tries again what Azure ML refused for a while, and shows meanwhile what is in the way', async () => {
    let down = true
    azureMl.setIntercept(({ operation, workspace }) =>
      down && operation === 'PUT dataVersion' && workspace === 'ml-retail'
        ? { status: 503, body: '<html>Service Unavailable</html>' }
        : undefined,
    )
    await drop('outage')
    await until(
      'the other workspace to have it',
      async () => (await stateOf('sales-eu-outage', 'ml-forecast'))?.state === 'registered',
    )
    await until('the reason to be shown', async () => (await stateOf('sales-eu-outage'))?.reason != null)
    expect(await stateOf('sales-eu-outage')).toMatchObject({
      state: 'pending',
      reason: expect.stringMatching(/503/),
    })
    down = false
    await until(
      'the workspace to have it too',
      async () => (await stateOf('sales-eu-outage'))?.state === 'registered',
    )
  })

  it('shows what Azure ML refuses for good, and delivers it when asked to try again', async () => {
    azureMl.setIntercept(({ operation, workspace }) =>
      operation === 'PUT dataVersion' && workspace === 'ml-retail'
        ? {
            status: 400,
            body: { error: { code: 'UserError', message: 'The tags are not to our liking.' } },
          }
        : undefined,
    )
    await drop('refused')
    await until('the failure', async () => (await stateOf('sales-eu-refused'))?.state === 'failed')
    expect((await stateOf('sales-eu-refused'))?.reason).toMatch(/400.*UserError.*not to our liking/)
    azureMl.setIntercept(undefined)
    const response = await fetch(`${host.url}/api/assets/sales-eu-refused/retry`, { method: 'POST' })
    expect([response.status, await response.json()]).toEqual([
      202,
      { asset: 'sales-eu-refused', versions: 1 },
    ])
    await until('the delivery', async () => (await stateOf('sales-eu-refused'))?.state === 'registered')
  })

  it('makes a failure of a message that is none of ours', async () => {
    const queue = createQueueService({
      kind: 'connection string',
      connectionString: azurite.connectionString,
    })
    const client = queue.getQueueClient(WORK_QUEUE)
    for (const text of ['{"kind":"nonsense"}', 'plain text', '[]']) {
      await client.sendMessage(Buffer.from(text).toString('base64'))
    }
    await client.sendMessage('%%% not base64 %%%')
    await until('four failures', async () => {
      const { failures } = await read<{ failures: Failure[] }>('failures')
      return failures.filter(({ kind }) => kind === 'message').length === 4
    })
  })
})
