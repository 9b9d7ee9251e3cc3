import { describe, expect, it } from 'vitest'
import { clientFor, FORECAST, RETAIL, startEmulator } from './bench.ts'

const GROUP = RETAIL.resourceGroup
const WORKSPACE = RETAIL.name

const fileVersion = (path: string) => ({
  properties: {
    dataType: 'uri_file' as const,
    dataUri: `azureml://datastores/silver/paths/${path}`,
    description: 'Daily sales of eu',
    tags: { team: 'retail' },
    properties: { 'lakemark.rule': 'daily-sales' },
  },
})

describe('the official client', () => {
  it('creates a version and reads back what it sent', async () => {
    const client = clientFor(await startEmulator())

    const created = await client.dataVersions.createOrUpdate(
      GROUP,
      WORKSPACE,
      'sales-eu',
      '1',
      fileVersion('a.csv'),
    )
    const read = await client.dataVersions.get(GROUP, WORKSPACE, 'sales-eu', '1')

    expect(read).toEqual(created)
    expect(read).toMatchObject({
      name: '1',
      type: 'Microsoft.MachineLearningServices/workspaces/data/versions',
    })
    expect(read.properties).toMatchObject({
      dataType: 'uri_file',
      dataUri:
        'azureml://subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg-retail' +
        '/workspaces/ml-retail/datastores/silver/paths/a.csv',
      description: 'Daily sales of eu',
      tags: { team: 'retail' },
      properties: { 'lakemark.rule': 'daily-sales' },
      isArchived: false,
    })
    expect(read.systemData?.createdAt).toBeInstanceOf(Date)
  })

  it('sees 201 for a new version and 200 for the same again', async () => {
    const client = clientFor(await startEmulator())
    const put = async () => {
      let status = 0
      const onResponse = (response: { status: number }) => {
        status = response.status
      }
      await client.dataVersions.createOrUpdate(GROUP, WORKSPACE, 'sales', '1', fileVersion('a.csv'), {
        onResponse,
      })
      return status
    }

    expect(await put()).toBe(201)
    expect(await put()).toBe(200)
  })

  it('gets the refusal of other data for a version as a RestError', async () => {
    const client = clientFor(await startEmulator())
    await client.dataVersions.createOrUpdate(GROUP, WORKSPACE, 'sales', '1', fileVersion('a.csv'))

    const again = client.dataVersions.createOrUpdate(GROUP, WORKSPACE, 'sales', '1', fileVersion('b.csv'))

    await expect(again).rejects.toMatchObject({
      name: 'RestError',
      statusCode: 400,
      code: 'UserError',
      message: expect.stringContaining("the existing asset's data uri cannot be changed"),
    })
  })

  it('gets a 404 for what is not there', async () => {
    const client = clientFor(await startEmulator())

    await expect(client.dataVersions.get(GROUP, WORKSPACE, 'sales', '1')).rejects.toMatchObject({
      statusCode: 404,
      code: 'UserError',
      details: { error: { message: 'The specified resource was not found.' } },
    })
    await expect(client.dataVersions.get(GROUP, 'ml-none', 'sales', '1')).rejects.toMatchObject({
      statusCode: 404,
      code: 'ResourceNotFound',
    })
  })

  it('walks through all pages of a list', async () => {
    const client = clientFor(await startEmulator())
    for (const number of ['1', '2', '3', '4', '5']) {
      await client.dataVersions.createOrUpdate(
        GROUP,
        WORKSPACE,
        'sales',
        number,
        fileVersion(`${number}.csv`),
      )
    }

    const options = { top: 2, orderBy: 'createdtime asc' }
    const pages: (string | undefined)[][] = []
    for await (const page of client.dataVersions.list(GROUP, WORKSPACE, 'sales', options).byPage()) {
      pages.push(page.map(item => item.name))
    }

    expect(pages).toEqual([['1', '2'], ['3', '4'], ['5']])
  })

  it('creates, reads and lists datastores', async () => {
    const client = clientFor(await startEmulator())
    await client.datastores.createOrUpdate(GROUP, WORKSPACE, 'silver', {
      properties: {
        datastoreType: 'AzureBlob',
        accountName: 'contosolake',
        containerName: 'silver',
        credentials: {
          credentialsType: 'AccountKey',
          secrets: { secretsType: 'AccountKey', key: 'c2VjcmV0' },
        },
      },
    })
    await client.datastores.createOrUpdate(GROUP, WORKSPACE, 'gold', {
      properties: {
        datastoreType: 'AzureDataLakeGen2',
        accountName: 'contosolake',
        filesystem: 'gold',
        credentials: { credentialsType: 'None' },
      },
    })

    const silver = await client.datastores.get(GROUP, WORKSPACE, 'silver')
    const names: (string | undefined)[] = []
    for await (const datastore of client.datastores.list(GROUP, WORKSPACE, { names: ['gold', 'other'] })) {
      names.push(datastore.name)
    }

    expect(silver.properties).toMatchObject({ datastoreType: 'AzureBlob', containerName: 'silver' })
    expect(names).toEqual(['gold'])
  })

  it('reads a workspace, a container, and every workspace by itself', async () => {
    const emulator = await startEmulator()
    const client = clientFor(emulator)
    await client.dataVersions.createOrUpdate(GROUP, WORKSPACE, 'sales', '7', fileVersion('a.csv'))

    const workspace = await client.workspaces.get(GROUP, WORKSPACE)
    const container = await client.dataContainers.get(GROUP, WORKSPACE, 'sales')
    const elsewhere = clientFor(emulator, FORECAST).dataContainers.get(
      FORECAST.resourceGroup,
      FORECAST.name,
      'sales',
    )

    expect(workspace.workspaceId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(container.properties).toMatchObject({ dataType: 'uri_file', latestVersion: '7', nextVersion: '8' })
    await expect(elsewhere).rejects.toMatchObject({ statusCode: 404 })
  })

  it.each(['2023-04-01', '2023-10-01', '2024-04-01', '2024-10-01'])(
    'may ask for api-version %s',
    async apiVersion => {
      const client = clientFor(await startEmulator(), RETAIL, apiVersion)

      await expect(client.workspaces.get(GROUP, WORKSPACE)).resolves.toMatchObject({ name: WORKSPACE })
    },
  )
})
