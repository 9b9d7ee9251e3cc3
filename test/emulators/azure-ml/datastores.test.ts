import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { blobDatastore, type Json, senderFor, startEmulator } from './bench.ts'
import { temporaryFile } from './temporary-file.ts'

const SECRET = 'c2VjcmV0LW9mLXRoZS1sYWtl'
const PRINCIPAL = {
  clientId: '20000000-0000-4000-8000-00000000000b',
  tenantId: '10000000-0000-4000-8000-00000000000a',
}

const start = async (options = {}) => senderFor(await startEmulator(options))

describe('datastores', () => {
  it('are created, then replaced', async () => {
    const send = await start()

    const created = await send('PUT', '/datastores/silver', blobDatastore(), '&skipValidation=false')
    const replaced = await send('PUT', '/datastores/silver', blobDatastore({ accountName: 'otherlake' }))
    const read = await send('GET', '/datastores/silver')

    expect(created.status).toBe(201)
    expect(created.body.properties).toEqual({
      datastoreType: 'AzureBlob',
      accountName: 'contosolake',
      containerName: 'silver',
      credentials: { credentialsType: 'None' },
      description: null,
      tags: {},
      properties: {},
      isDefault: false,
      endpoint: 'core.windows.net',
      protocol: 'https',
      serviceDataAccessAuthIdentity: 'None',
    })
    expect(replaced.status).toBe(200)
    expect(read.body).toEqual(replaced.body)
    expect(read.body.properties.accountName).toBe('otherlake')
  })

  it.each<[string, Json, Json]>([
    ['AccountKey', {}, { key: SECRET }],
    ['Sas', {}, { sasToken: SECRET }],
    ['ServicePrincipal', PRINCIPAL, { clientSecret: SECRET }],
    ['Certificate', { ...PRINCIPAL, thumbprint: 'aa' }, { certificate: SECRET }],
  ])('neither show nor keep the secrets of %s', async (credentialsType, shown, secrets) => {
    const stateFile = await temporaryFile('state.jsonl')
    const send = await start({ stateFile })
    const credentials = { credentialsType, ...shown, secrets: { secretsType: credentialsType, ...secrets } }

    const put = await send('PUT', '/datastores/silver', blobDatastore({ credentials }))
    const get = await send('GET', '/datastores/silver')

    expect(put.status).toBe(201)
    expect(get.body.properties.credentials).toEqual({ credentialsType, ...shown })
    expect(JSON.stringify([put.body, get.body])).not.toContain(SECRET)
    expect(await readFile(stateFile, 'utf8')).toContain('contosolake')
    expect(await readFile(stateFile, 'utf8')).not.toContain(SECRET)
  })

  it.each<[string, Json]>([
    ['properties.datastoreType', blobDatastore({ datastoreType: 'AzureFile' })],
    ['properties.containerName', blobDatastore({ containerName: undefined })],
    ['properties.filesystem', blobDatastore({ datastoreType: 'AzureDataLakeGen2' })],
    ['properties.accountName', blobDatastore({ accountName: '' })],
    ['properties.credentials', blobDatastore({ credentials: undefined })],
    ['properties.credentials.credentialsType', blobDatastore({ credentials: { credentialsType: 'Magic' } })],
    ['properties.credentials.secrets', blobDatastore({ credentials: { credentialsType: 'AccountKey' } })],
    [
      'properties.credentials.secrets.secretsType',
      blobDatastore({
        credentials: { credentialsType: 'Sas', secrets: { secretsType: 'AccountKey', sasToken: 'x' } },
      }),
    ],
    [
      'properties.credentials.clientId',
      blobDatastore({
        credentials: {
          credentialsType: 'ServicePrincipal',
          ...PRINCIPAL,
          clientId: 'client',
          secrets: { secretsType: 'ServicePrincipal', clientSecret: SECRET },
        },
      }),
    ],
    ['properties.serviceDataAccessAuthIdentity', blobDatastore({ serviceDataAccessAuthIdentity: 'Me' })],
  ])('are refused when %s is wrong', async (target, body) => {
    const send = await start()

    const reply = await send('PUT', '/datastores/silver', body)
    const read = await send('GET', '/datastores/silver')

    expect(reply).toMatchObject({ status: 400, body: { error: { code: 'UserError' } } })
    expect(reply.body.error.details.map((detail: Json) => detail.target)).toContain(target)
    expect(read).toMatchObject({ status: 404, body: { error: { code: 'UserError' } } })
  })

  it('are refused under a name that is none', async () => {
    const reply = await (await start())('PUT', '/datastores/_silver', blobDatastore())

    expect(reply.status).toBe(400)
    expect(reply.body.error.details[0].target).toBe('name')
  })

  it('are listed by name, by a part of it, and in pages', async () => {
    const send = await start()
    for (const name of ['bronze', 'silver', 'gold']) await send('PUT', `/datastores/${name}`, blobDatastore())
    const list = async (query: string) => {
      const { body } = await send('GET', '/datastores', undefined, query)
      return [body.value.map((item: Json) => item.name), body.nextLink !== undefined]
    }

    expect(await list('')).toEqual([['gold', 'silver', 'bronze'], false])
    expect(await list('&orderBy=createdtime&orderByAsc=true')).toEqual([['bronze', 'silver', 'gold'], false])
    expect(await list('&names=bronze,silver')).toEqual([['silver', 'bronze'], false])
    expect(await list('&searchText=l')).toEqual([['gold', 'silver'], false])
    expect(await list('&isDefault=true')).toEqual([[], false])
    expect(await list('&count=2')).toEqual([['gold', 'silver'], true])
    expect((await send('GET', '/datastores', undefined, '&orderBy=name')).status).toBe(400)
  })
})
