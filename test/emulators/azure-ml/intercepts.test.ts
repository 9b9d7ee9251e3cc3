import { describe, expect, it } from 'vitest'
import type { InterceptedRequest } from '../../../src/emulators/azure-ml/intercepts.ts'
import { clientFor, pathOf, RETAIL, senderFor, startEmulator, version } from './bench.ts'

const GROUP = RETAIL.resourceGroup
const WORKSPACE = RETAIL.name
const VERSION = {
  properties: { dataType: 'uri_file' as const, dataUri: 'azureml://datastores/silver/paths/a.csv' },
}

describe('intercepts', () => {
  it('are shown every request and let it pass by saying nothing', async () => {
    const seen: InterceptedRequest[] = []
    const emulator = await startEmulator({ intercept: request => void seen.push(request) })

    const reply = await senderFor(emulator)('PUT', '/data/sales/versions/1', version('a.csv'))
    await fetch(`${emulator.url}/somewhere?else`)

    expect(reply.status).toBe(201)
    expect(seen).toEqual([
      {
        method: 'PUT',
        path: `${pathOf(RETAIL)}/data/sales/versions/1`,
        subscription: RETAIL.subscription,
        workspace: RETAIL.name,
        operation: 'PUT dataVersion',
      },
      {
        method: 'GET',
        path: '/somewhere',
        subscription: undefined,
        workspace: undefined,
        operation: 'GET other',
      },
    ])
    expect(emulator.counts()).toEqual({ 'PUT dataVersion': 1, 'GET other': 1 })
  })

  it('answer in place of the service, which then does nothing', async () => {
    const emulator = await startEmulator()
    const client = clientFor(emulator)
    emulator.setIntercept(async ({ operation }) =>
      operation === 'PUT dataVersion'
        ? {
            status: 429,
            headers: { 'retry-after': '7' },
            body: { error: { code: 'TooManyRequests', message: 'Wait.' } },
          }
        : undefined,
    )

    const put = client.dataVersions.createOrUpdate(GROUP, WORKSPACE, 'sales', '1', VERSION)

    await expect(put).rejects.toMatchObject({ statusCode: 429, code: 'TooManyRequests' })
    await expect(client.dataVersions.get(GROUP, WORKSPACE, 'sales', '1')).rejects.toMatchObject({
      statusCode: 404,
    })
    emulator.setIntercept(undefined)
    await expect(
      client.dataVersions.createOrUpdate(GROUP, WORKSPACE, 'sales', '1', VERSION),
    ).resolves.toMatchObject({
      name: '1',
    })
  })

  it('can answer a page of HTML, as gateways do', async () => {
    const html = '<html><body>Service Unavailable</body></html>'
    const emulator = await startEmulator({ intercept: () => ({ status: 503, body: html }) })

    const response = await fetch(emulator.url)

    expect([response.status, response.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8'])
    expect(await response.text()).toBe(html)
  })

  it.each([
    ['hang-up-before', 404],
    ['hang-up-after', 200],
  ] as const)('can lose the connection: after %s a look finds %i', async (hangUp, status) => {
    const emulator = await startEmulator()
    const send = senderFor(emulator)
    emulator.setIntercept(({ method }) => (method === 'PUT' ? hangUp : undefined))

    await expect(send('PUT', '/data/sales/versions/1', version('a.csv'))).rejects.toThrow('fetch failed')

    expect((await send('GET', '/data/sales/versions/1')).status).toBe(status)
  })

  it('are a defect like any other when they throw', async () => {
    const logged: unknown[] = []
    const emulator = await startEmulator({
      intercept: () => Promise.reject(new Error('a test went wrong')),
      log: (_, fields) => logged.push(fields),
    })

    const reply = await senderFor(emulator)('GET', '')

    expect(reply.status).toBe(500)
    expect(logged).toEqual([{ path: pathOf(RETAIL), error: 'a test went wrong' }])
  })

  it('do not hold up closing', async () => {
    let arrived: () => void
    const isThere = new Promise<void>(resolve => {
      arrived = resolve
    })
    const emulator = await startEmulator({
      intercept: () => {
        arrived()
        return new Promise(() => undefined)
      },
    })
    const lost = expect(fetch(emulator.url)).rejects.toThrow('fetch failed')
    await isThere

    await emulator.close()
    await lost
  })
})
