import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
  type Server,
} from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { ContainerClient, ContainerSASPermissions } from '@azure/storage-blob'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PermanentError } from '../../../src/core/errors.ts'
import { type Azurite, startAzurite } from '../../../src/emulators/lake/azurite.ts'
import { type LakeProxy, startLakeProxy } from '../../../src/emulators/lake/proxy.ts'
import { eventually } from './eventually.ts'
import { startTestLake, type TestLake } from './lake.ts'

const MIB = 1024 * 1024

describe('the proxy in front of Azurite', () => {
  let azurite: Azurite
  let lake: TestLake
  /** Signed with a SAS, so that requests can be written by hand. */
  let container: ContainerClient

  beforeAll(async () => {
    azurite = await startAzurite()
  })
  afterAll(() => azurite.close())
  beforeEach(async () => {
    lake = await startTestLake(azurite)
    const owner = lake.service.getContainerClient(`c-${randomUUID()}`)
    await owner.create()
    const permissions = ContainerSASPermissions.parse('racwdl')
    const expiresOn = new Date(Date.now() + 3_600_000)
    container = new ContainerClient(await owner.generateSasUrl({ permissions, expiresOn }))
  })
  afterEach(() => lake.proxy.close())

  const behind = (name: string) =>
    lake.behind.getContainerClient(container.containerName).getBlockBlobClient(name)

  function put(name: string, options: RequestOptions = {}) {
    const { headers, ...rest } = options
    return request(container.getBlobClient(name).url, {
      method: 'PUT',
      ...rest,
      headers: { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2024-11-04', ...headers },
    })
  }

  it('lets a client with a SAS upload, list, download and delete', async () => {
    const blob = container.getBlockBlobClient('a b/ü.csv')

    await blob.upload('content', 7)

    expect((await blob.downloadToBuffer(2, 3)).toString()).toBe('nte')
    expect((await container.listBlobsFlat().next()).value?.name).toBe('a b/ü.csv')
    await blob.delete()
    expect(lake.events.map(({ data }) => data.api)).toEqual(['PutBlob', 'DeleteBlob'])
    expect(lake.events[0]?.data.url).toBe(blob.url.split('?')[0])
  })

  it('passes large bodies whole, in both directions', async () => {
    const content = Buffer.alloc(64 * MIB, randomUUID())

    await container.getBlockBlobClient('large').upload(content, content.length)

    expect((await container.getBlobClient('large').downloadToBuffer()).equals(content)).toBe(true)
    expect(lake.events[0]?.data).toMatchObject({ api: 'PutBlob', contentLength: 64 * MIB })
  })

  it('answers HEAD and conditional reads as the storage does', async () => {
    const { etag } = await container.getBlockBlobClient('a').upload('content', 7)
    const url = container.getBlobClient('a').url

    const head = await fetch(url, { method: 'HEAD' })
    const unchanged = await fetch(url, { headers: { 'If-None-Match': etag as string } })

    expect(head.status).toBe(200)
    expect(head.headers.get('content-length')).toBe('7')
    expect(unchanged.status).toBe(304)
    expect(await unchanged.text()).toBe('')
  })

  it('asks a client to go on that waits for 100 Continue', async () => {
    const upload = put('a', { headers: { Expect: '100-continue', 'Content-Length': 7 } })
    upload.flushHeaders()
    await once(upload, 'continue')
    upload.end('content')

    const [answer] = (await once(upload, 'response')) as [IncomingMessage]

    expect(answer.statusCode).toBe(201)
    expect(lake.events).toHaveLength(1)
  })

  it('makes nothing of an upload that its client breaks off', async () => {
    const upload = put('broken', { headers: { 'Content-Length': 4 * MIB } })
    upload.on('error', () => undefined)
    await new Promise(resolve => upload.write(Buffer.alloc(MIB), resolve))

    upload.destroy()

    await container.getBlockBlobClient('whole').upload('x', 1)
    await lake.proxy.close()
    expect(await behind('broken').exists()).toBe(false)
    expect(lake.events.map(({ subject }) => subject.split('/blobs/')[1])).toEqual(['whole'])
  })

  it('records the event of an upload whose client does not wait for the answer', async () => {
    const { promise: isSafe, resolve: makeSafe } = Promise.withResolvers<void>()
    const { promise: isKnown, resolve: makeKnown } = Promise.withResolvers<void>()
    const record = lake.onEvent
    lake.onEvent = async event => {
      makeKnown()
      await isSafe
      await record(event)
    }
    const upload = put('impatient', { headers: { 'Content-Length': 7 } })
    upload.on('error', () => undefined)
    upload.end('content')
    await isKnown

    upload.destroy()
    makeSafe()
    await lake.proxy.close()

    expect(lake.events.map(({ data }) => data)).toMatchObject([{ contentLength: 7 }])
    expect(await behind('impatient').exists()).toBe(true)
  })

  it('keeps no upload waiting for a slow one of the same blob', async () => {
    const slow = put('a', { headers: { 'Content-Length': 8 } })
    await new Promise(resolve => slow.write('slow', resolve))

    await container.getBlockBlobClient('a').upload('quick', 5)
    slow.end('slow')
    const [answer] = (await once(slow, 'response')) as [IncomingMessage]

    expect(answer.statusCode).toBe(201)
    expect(lake.events.map(({ data }) => data)).toMatchObject([{ contentLength: 5 }, { contentLength: 8 }])
    expect((await behind('a').downloadToBuffer()).toString()).toBe('slowslow')
  })

  it('refuses a batch that is longer than the service takes', async () => {
    const answer = await fetch(`${lake.proxy.url}?comp=batch`, {
      method: 'POST',
      body: Buffer.alloc(5 * MIB),
    })

    expect(answer.status).toBe(413)
    expect(await answer.text()).toContain('<Code>RequestBodyTooLarge</Code>')
  })

  it('names the setting when its port is taken', async () => {
    const taken = startLakeProxy({
      port: lake.proxy.port,
      azuriteBlobUrl: azurite.blobUrl,
      account: 'devstoreaccount1',
      key: '',
      onEvent: async () => undefined,
    })

    await expect(taken).rejects.toThrow(PermanentError)
    await expect(taken).rejects.toThrow(/LAKEMARK_LAKE_PORT.*taken/)
  })
})

describe('the proxy in front of any server', () => {
  let upstream: Server
  let proxy: LakeProxy
  let logged: string[]

  beforeEach(async () => {
    upstream = createServer().listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    logged = []
    proxy = await startLakeProxy({
      port: 0,
      azuriteBlobUrl: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/acc`,
      account: 'acc',
      key: '',
      onEvent: () => Promise.reject(new Error('no event was expected')),
      log: message => logged.push(message),
    })
  })
  afterEach(async () => {
    await proxy.close()
    upstream.close()
    upstream.closeAllConnections()
  })

  it('changes neither path, query, names of headers, their order, nor duplicates', async () => {
    let seen: { url: string | undefined; rawHeaders: string[] } | undefined
    upstream.on('request', (req, res) => {
      seen = { url: req.url, rawHeaders: req.rawHeaders }
      res.writeHead(207, 'Quite Fine', [
        'X-MS-Thing',
        'a',
        'x-ms-thing',
        'b',
        'ETag',
        '"1"',
        'Content-Length',
        '2',
      ])
      res.end('ok')
    })
    const headers = [
      'Host',
      'lake.example:1',
      'X-Ms-Meta-Key',
      '1',
      'x-ms-meta-key',
      '2',
      'AUTHORIZATION',
      'SharedKey a:b=',
    ]

    const path = '/acc/c/a%20b%2fc//../d.%7Bx%7D?comp=list&sig=a%2Bb%3D&Prefix=%C3%BC&x&x='
    const sent = request({ port: proxy.port, path, headers, agent: false }).end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]

    expect(seen?.url).toBe(path)
    expect(seen?.rawHeaders.slice(0, headers.length)).toEqual(headers)
    expect([answer.statusCode, answer.statusMessage]).toEqual([207, 'Quite Fine'])
    expect(answer.rawHeaders.slice(0, 8)).toEqual([
      'X-MS-Thing',
      'a',
      'x-ms-thing',
      'b',
      'ETag',
      '"1"',
      'Content-Length',
      '2',
    ])
    expect(answer.rawHeaders.filter(name => name === 'Date')).toHaveLength(1)
    expect((await buffer(answer)).toString()).toBe('ok')
  })

  it('passes a chunked body on as such', async () => {
    let seen: { headers: IncomingHttpHeaders; body: string } | undefined
    upstream.on('request', async (req, res) => {
      seen = { headers: req.headers, body: (await buffer(req)).toString() }
      res.end()
    })
    const headers = { 'Transfer-Encoding': 'chunked' }

    const upload = request({ port: proxy.port, method: 'PUT', path: '/acc/c/b?comp=block', headers })
    upload.write('con')
    upload.end('tent')
    await once(upload, 'response')

    expect(seen?.body).toBe('content')
    expect(seen?.headers['transfer-encoding']).toBe('chunked')
    expect(seen?.headers['content-length']).toBeUndefined()
  })

  it('announces no body where the client sent none', async () => {
    let seen: IncomingHttpHeaders | undefined
    upstream.on('request', (req, res) => {
      seen = req.headers
      res.end()
    })
    const socket = connect(proxy.port, '127.0.0.1')

    socket.write('PUT /acc/c/b?comp=lease HTTP/1.1\r\nHost: lake\r\n\r\n')
    await once(socket, 'data')

    expect(seen).toMatchObject({ host: 'lake', 'content-length': '0' })
    expect(seen).not.toHaveProperty('transfer-encoding')
    socket.destroy()
  })

  it('lets go of a download that its client breaks off', async () => {
    const { promise: isLetGo, resolve: letGo } = Promise.withResolvers<void>()
    upstream.on('request', (_, res) => {
      res.on('close', letGo)
      res.write('the first of many bytes')
    })
    const download = request({ port: proxy.port, path: '/acc/c/b' }).end()
    download.on('error', () => undefined)
    const [answer] = (await once(download, 'response')) as [IncomingMessage]
    answer.on('error', () => undefined)

    answer.destroy()

    await isLetGo
    expect(logged).toEqual([])
  })

  it('cuts an answer off that the storage does not finish, instead of ending it as if it were whole', async () => {
    upstream.on('request', (_, res) => {
      res.write('half')
      setImmediate(() => res.destroy())
    })
    const download = request({ port: proxy.port, path: '/acc/c/b' }).end()
    const [answer] = (await once(download, 'response')) as [IncomingMessage]

    await expect(buffer(answer)).rejects.toThrow('aborted')
  })

  it('answers an early refusal while the upload still goes on', async () => {
    upstream.on('request', (_, res) => {
      res.writeHead(403).end('no')
    })
    const upload = request({
      port: proxy.port,
      method: 'PUT',
      path: '/acc/c/b',
      headers: { 'x-ms-blob-type': 'BlockBlob' },
    })
    upload.on('error', () => undefined)
    upload.write(Buffer.alloc(MIB))

    const [answer] = (await once(upload, 'response')) as [IncomingMessage]

    expect(answer.statusCode).toBe(403)
    expect((await buffer(answer)).toString()).toBe('no')
    upload.destroy()
  })

  it('answers 503, which clients try again, when the storage is not there', async () => {
    upstream.close()
    await once(upstream, 'close')

    const answer = await fetch(`${proxy.url}/c/b?sig=secret`)

    expect(answer.status).toBe(503)
    expect(answer.headers.get('x-ms-error-code')).toBe('ServerBusy')
    expect(await answer.text()).toMatch(/^<\?xml.*<Code>ServerBusy<\/Code><Message>.*ECONNREFUSED/s)
    expect(logged).toEqual(['the storage did not answer'])
  })

  it('lets what is under way finish when it is closed', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<() => void>()
    upstream.on('request', (_, res) => arrive(() => res.end('late')))
    const answer = fetch(`${proxy.url}/c/b`)
    const finish = await arrived

    const closed = proxy.close()
    await eventually('no new connection is taken', () =>
      fetch(proxy.url).then(
        () => false,
        () => true,
      ),
    )
    finish()

    expect(await (await answer).text()).toBe('late')
    await closed
  })
})
