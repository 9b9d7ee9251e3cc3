import { describe, expect, it } from 'vitest'
import type { Json } from './bench.ts'
import { FORECAST, RETAIL, senderFor, startEmulator, version } from './bench.ts'

const LONG = `azureml://subscriptions/${RETAIL.subscription}/resourcegroups/rg-retail/workspaces/ml-retail`

const start = async (options = {}) => senderFor(await startEmulator(options))

describe('the first PUT of a version', () => {
  it.each(['a/b', 'a b', '_a', '-a', 'ä', 'a'.repeat(256)])('refuses the asset name %s', async name => {
    const reply = await (await start())(
      'PUT',
      `/data/${encodeURIComponent(name)}/versions/1`,
      version('a.csv'),
    )

    expect(reply).toMatchObject({ status: 400, body: { error: { code: 'UserError' } } })
    expect(reply.body.error.details[0].target).toBe('name')
  })

  it.each(['1/2', '1'.repeat(31), '-1', '1 2'])('refuses the version name %s', async name => {
    const reply = await (await start())(
      'PUT',
      `/data/sales/versions/${encodeURIComponent(name)}`,
      version('a.csv'),
    )

    expect(reply).toMatchObject({ status: 400, body: { error: { code: 'UserError' } } })
    expect(reply.body.error.details[0].target).toBe('version')
  })

  it('takes names as long as they may be', async () => {
    const send = await start()

    const reply = await send('PUT', `/data/${'a'.repeat(255)}/versions/${'1'.repeat(30)}`, version('a.csv'))

    expect(reply.status).toBe(201)
  })

  it.each<[string, Json]>([
    ['properties', {}],
    ['properties.dataType', { properties: { dataUri: 'https://x/y' } }],
    ['properties.dataType', version('a', { dataType: 'UriFile' })],
    ['properties.dataUri', { properties: { dataType: 'uri_file' } }],
    ['properties.dataUri', version('a', { dataUri: '' })],
    ['properties.dataUri', version('a', { dataUri: 7 })],
    ['properties.tags.team', version('a', { tags: { team: 7 } })],
    ['properties.isArchived', version('a', { isArchived: 'no' })],
  ])('says that %s is wrong', async (target, body) => {
    const send = await start()

    const reply = await send('PUT', '/data/sales/versions/1', body)
    const container = await send('GET', '/data/sales')

    expect(reply).toMatchObject({ status: 400, body: { error: { code: 'UserError' } } })
    expect(reply.body.error.details.map((detail: Json) => detail.target)).toContain(target)
    expect(reply.body.error.message).toContain(target)
    expect(container.status).toBe(404)
  })

  it.each([
    'abfss://gold@contosolake.dfs.core.windows.net/sales/',
    'wasbs://silver@contosolake.blob.core.windows.net/sales/a.csv',
    'https://contosolake.blob.core.windows.net/silver/a.csv',
  ])('keeps the dataUri %s as it is', async dataUri => {
    const send = await start()

    const reply = await send('PUT', '/data/sales/versions/1', version('', { dataUri }))
    const list = await send('GET', '/data/sales/versions')

    expect(reply).toMatchObject({ status: 201, body: { properties: { dataUri } } })
    expect(list.body.value[0].properties.dataUri).toBe(dataUri)
  })

  it.each([
    './a.csv',
    's3://bucket/a.csv',
    'azureml://datastores/silver/a.csv',
    'azureml://datastores/no such name/paths/a.csv',
    'azureml://workspaces/1/datastores/silver/paths/a.csv',
    'abfss://contosolake.dfs.core.windows.net/a.csv',
    'https://contosolake.blob.core.windows.net',
    'http://contosolake.blob.core.windows.net/silver/a.csv',
  ])('refuses the dataUri %s', async dataUri => {
    const reply = await (await start())('PUT', '/data/sales/versions/1', version('', { dataUri }))

    expect(reply).toMatchObject({ status: 400, body: { error: { code: 'UserError' } } })
    expect(reply.body.error.details[0].target).toBe('properties.dataUri')
  })

  it('answers the long form of the dataUri, and LIST the form with the GUID of the workspace', async () => {
    const send = await start()

    const put = await send('PUT', '/data/sales/versions/1', version('sales/eu/a b.csv'))
    const get = await send('GET', '/data/sales/versions/1')
    const list = await send('GET', '/data/sales/versions')
    const workspace = await send('GET', '')

    const guid = workspace.body.properties.workspaceId
    expect(put.body.properties.dataUri).toBe(`${LONG}/datastores/silver/paths/sales/eu/a b.csv`)
    expect(get.body).toEqual(put.body)
    expect(list.body.value[0].properties.dataUri).toBe(
      `azureml://workspaces/${guid}/datastores/silver/paths/sales/eu/a b.csv`,
    )
  })

  it('keeps referencedUris of an mltable only', async () => {
    const send = await start()
    const referencedUris = ['https://x/y']

    const table = await send(
      'PUT',
      '/data/table/versions/1',
      version('t', { dataType: 'mltable', referencedUris }),
    )
    const file = await send('PUT', '/data/file/versions/1', version('f', { referencedUris }))

    expect(table.body.properties.referencedUris).toEqual(referencedUris)
    expect(file.body.properties).not.toHaveProperty('referencedUris')
  })
})

describe('a version that exists', () => {
  it('changes its tags, description and archived state, and nothing else', async () => {
    let nowMs = Date.UTC(2026, 0, 1)
    const send = await start({ now: () => nowMs })
    const first = {
      description: 'first',
      tags: { a: '1', b: '2' },
      properties: { origin: 'x' },
      isAnonymous: false,
    }
    await send('PUT', '/data/sales/versions/1', version('a.csv', first))
    nowMs += 1000

    const second = { description: 'second', tags: { b: '3' }, properties: { origin: 'y' }, isArchived: true }
    const put = await send('PUT', '/data/sales/versions/1', version('a.csv', second))
    const get = await send('GET', '/data/sales/versions/1')

    expect(put.status).toBe(200)
    expect(get.body).toEqual(put.body)
    expect(get.body.properties).toMatchObject({ description: 'second', isArchived: true })
    expect(get.body.properties.tags).toEqual({ b: '3' })
    expect(get.body.properties.properties).toEqual({ origin: 'x' })
    expect(get.body.systemData).toMatchObject({
      createdAt: '2026-01-01T00:00:00.000Z',
      lastModifiedAt: '2026-01-01T00:00:01.000Z',
    })
  })

  it('is the same in the long form and in another letter case of the workspace', async () => {
    const send = await start()
    await send('PUT', '/data/sales/versions/1', version('a.csv'))
    const shouted = LONG.replace('resourcegroups', 'resourceGroups').replace('ml-retail', 'ML-Retail')

    const again = await send(
      'PUT',
      '/data/sales/versions/1',
      version('', { dataUri: `${shouted}/datastores/silver/paths/a.csv` }),
    )

    expect(again.status).toBe(200)
    expect(again.body.properties.dataUri).toBe(`${LONG}/datastores/silver/paths/a.csv`)
  })

  it.each([400, 409] as const)('refuses other data with %i and stays as it was', async immutableStatus => {
    const send = await start({ immutableStatus })
    const first = await send('PUT', '/data/sales/versions/1', version('a.csv', { tags: { a: '1' } }))

    const paths = ['b.csv', 'A.csv', 'a.csv/']
    for (const path of paths) {
      const reply = await send('PUT', '/data/sales/versions/1', version(path))
      expect(reply).toMatchObject({ status: immutableStatus, body: { error: { code: 'UserError' } } })
      expect(reply.body.error.message).toMatch(/^A data version with this name and version already exists/)
    }
    const get = await send('GET', '/data/sales/versions/1')

    expect(get.body).toEqual(first.body)
  })

  it('refuses the same path in a datastore of another workspace', async () => {
    const send = await start()
    await send('PUT', '/data/sales/versions/1', version('a.csv'))
    const { subscription, resourceGroup, name } = FORECAST
    const elsewhere = `azureml://subscriptions/${subscription}/resourcegroups/${resourceGroup}/workspaces/${name}`

    const dataUri = `${elsewhere}/datastores/silver/paths/a.csv`
    const reply = await send('PUT', '/data/sales/versions/1', version('', { dataUri }))

    expect(reply.status).toBe(400)
  })

  it('is made once when many send it at the same time', async () => {
    const send = await start()

    const replies = await Promise.all(
      Array.from({ length: 20 }, () => send('PUT', '/data/sales/versions/1', version('a.csv'))),
    )

    expect(replies.map(reply => reply.status).toSorted()).toEqual([...Array(19).fill(200), 201])
  })
})

describe('a data container', () => {
  it('comes with its first version, of whose type all others must be', async () => {
    const send = await start()
    await send('PUT', '/data/sales/versions/1', version('a.csv'))

    const other = await send('PUT', '/data/sales/versions/2', version('b', { dataType: 'uri_folder' }))
    const changed = await send('PUT', '/data/sales', { properties: { dataType: 'uri_folder' } })
    const container = await send('GET', '/data/sales')

    expect(other).toMatchObject({ status: 400, body: { error: { code: 'UserError' } } })
    expect(other.body.error.message).toContain("'uri_folder' does not match the type 'uri_file'")
    expect(changed.status).toBe(400)
    expect(container.body.properties).toMatchObject({
      dataType: 'uri_file',
      latestVersion: '1',
      nextVersion: '2',
    })
  })

  it('can be made first, and changed', async () => {
    const send = await start()

    const made = await send('PUT', '/data/sales', {
      properties: { dataType: 'uri_folder', tags: { a: '1' } },
    })
    const mismatch = await send('PUT', '/data/sales/versions/1', version('a.csv'))
    const changed = await send('PUT', '/data/sales', {
      properties: { dataType: 'uri_folder', isArchived: true },
    })

    expect(made.status).toBe(201)
    expect(made.body.properties).toMatchObject({ latestVersion: null, nextVersion: '1', tags: { a: '1' } })
    expect(mismatch.status).toBe(400)
    expect(changed.status).toBe(200)
    expect(changed.body.properties).toMatchObject({ isArchived: true, tags: {} })
  })

  it('says which version came last and counts whole numbers only', async () => {
    const send = await start()
    const numbersAfter = async (name: string) => {
      await send('PUT', `/data/sales/versions/${name}`, version('a.csv'))
      const { latestVersion, nextVersion } = (await send('GET', '/data/sales')).body.properties
      return [latestVersion, nextVersion]
    }

    expect(await numbersAfter('foo')).toEqual(['foo', '1'])
    expect(await numbersAfter('9')).toEqual(['9', '10'])
    expect(await numbersAfter('3')).toEqual(['3', '10'])
    expect(await numbersAfter('1.5')).toEqual(['1.5', '10'])
    expect(await numbersAfter('9')).toEqual(['1.5', '10'])
    expect(await numbersAfter('9'.repeat(30))).toEqual(['9'.repeat(30), `1${'0'.repeat(30)}`])
  })
})
