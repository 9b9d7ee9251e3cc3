import { request as httpRequest } from 'node:http'
import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_HTTP_BODY_BYTES } from '../../src/host/http-function.ts'
import { createGate, startTestHost, type TestHost } from './host-world.ts'

let host: TestHost

beforeAll(async () => {
  host = await startTestHost({
    register: registerApp,
    setting: name => (name === 'AREA' ? 'area51' : undefined),
  })
})
afterAll(() => host.close({ graceMs: 1000 }))

function registerApp(): void {
  app.http('echo', { methods: ['GET', 'POST', 'PUT', 'HEAD'], handler: echo })
  app.get('oneAsset', { route: 'assets/{name}', handler: request => ({ jsonBody: request.params }) })
  app.get('latest', { route: 'assets/latest', handler: () => ({ body: 'the latest' }) })
  app.deleteRequest('dropAsset', { route: 'assets/{id}', handler: () => ({ status: 204 }) })
  app.get('files', { route: 'files/{*path}', handler: request => ({ jsonBody: request.params }) })
  app.get('area', { route: '%AREA%/x', handler: () => ({ body: 'inside' }) })
  app.get('nothing', async () => undefined as unknown as HttpResponseInit)
  app.get('wrong', async () => 'text' as unknown as HttpResponseInit)
  app.get('throws', () => {
    throw new Error('the secret reason')
  })
  app.get('throwsNothing', () => Promise.reject(undefined))
  app.post('bytes', async request => ({
    body: new Uint8Array(await request.arrayBuffer()).reverse(),
    headers: { 'content-type': 'application/x-reversed', 'content-length': '1' },
  }))
  app.post('size', async request => ({ jsonBody: (await request.arrayBuffer()).byteLength }))
  app.get('cookies', () => ({
    status: 201,
    cookies: [
      { name: 'a', value: 'x y', path: '/', httpOnly: true, secure: true, sameSite: 'Strict', maxAge: 60 },
      { name: 'b', value: '2', expires: new Date(86_400_000), domain: 'example.org', sameSite: 'None' },
    ],
  }))
  app.get('badHeader', () => ({ cookies: [{ name: 'a\n', value: '' }] }))
  app.get('context', (_, context) => ({ jsonBody: describeContext(context) }))
}

async function echo(request: HttpRequest): Promise<HttpResponseInit> {
  const { method, url, query } = request
  const headers = Object.fromEntries(request.headers)
  const answer = { method, url, query: Object.fromEntries(query), headers, text: await request.text() }
  return { jsonBody: answer, headers: { 'x-own': 'yes' } }
}

function describeContext(context: InvocationContext) {
  context.warn('a word to the log')
  return { name: context.functionName, id: context.invocationId, trigger: context.options.trigger.type }
}

const get = (path: string, init?: RequestInit) => fetch(host.url + path, init)

/** With headers that fetch would not send. */
function raw(options: { path?: string; method?: string; headers: Record<string, string | string[]> }) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const request = httpRequest({ port: host.port, path: '/', ...options }, response => {
      let text = ''
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    request.on('error', reject).end()
  })
}

describe('an HTTP function', () => {
  it('gets method, address, query, headers and body, and answers with status, headers and JSON', async () => {
    const response = await get('/api/echo?a=1&a=2&b=%C3%A4&__proto__=p', {
      method: 'POST',
      headers: { 'x-mine': 'one', 'content-type': 'text/plain' },
      body: 'grüße',
    })

    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('x-own')).toBe('yes')
    expect(await response.json()).toMatchObject({
      method: 'POST',
      url: `${host.url}/api/echo?a=1&a=2&b=%C3%A4&__proto__=p`,
      query: { a: '1,2', b: 'ä' },
      headers: { 'x-mine': 'one', host: `127.0.0.1:${host.port}` },
      text: 'grüße',
    })
  })

  it('gets the parameters of its route, and the most specific route answers', async () => {
    expect(await (await get('/api/assets/sales%20eu')).json()).toEqual({ name: 'sales eu' })
    expect(await (await get('/api/assets/sales%2Feu%25')).json()).toEqual({ name: 'sales%2Feu%' })
    expect(await (await get('/api/assets/latest')).text()).toBe('the latest')
    expect(await (await get('/api/files/a/b.csv')).json()).toEqual({ path: 'a/b.csv' })
  })

  it('is chosen by its method as well', async () => {
    expect((await get('/api/assets/a', { method: 'DELETE' })).status).toBe(204)
    expect((await get('/api/assets/a', { method: 'PUT' })).status).toBe(404)
  })

  it('may have app settings in its route', async () => {
    expect(await (await get('/api/area51/x')).text()).toBe('inside')
  })

  it('gets and gives bytes as they are', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)

    const response = await get('/api/bytes', { method: 'POST', body: bytes })

    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes.reverse())
    expect(response.headers.get('content-type')).toBe('application/x-reversed')
  })

  it('gets the values of a header that came more than once as one', async () => {
    const { text } = await raw({ path: '/api/echo', headers: { 'x-mine': ['one', 'two'] } })
    expect(JSON.parse(text)).toMatchObject({ headers: { 'x-mine': 'one,two' } })
  })

  it('gets no body whose length was not said', async () => {
    const init = { method: 'POST', body: new Blob(['in chunks']).stream(), duplex: 'half' } as RequestInit
    expect(await (await get('/api/size', init)).json()).toBe(0)
    expect(await (await get('/api/size', { method: 'POST', body: 'as one' })).json()).toBe(6)
  })

  it('answers a HEAD request without a body', async () => {
    const response = await get('/api/echo', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
    expect(await response.text()).toBe('')
    expect((await get('/api/assets/a', { method: 'HEAD' })).status).toBe(404)
  })

  it('sets cookies', async () => {
    const response = await get('/api/cookies')
    expect(response.status).toBe(201)
    expect(response.headers.getSetCookie()).toEqual([
      'a=x%20y; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Strict',
      'b=2; Domain=example.org; Expires=Fri, 02 Jan 1970 00:00:00 GMT; SameSite=None',
    ])
  })

  it('that returns nothing answers 204', async () => {
    expect((await get('/api/nothing')).status).toBe(204)
  })

  it.each(['throws', 'throwsNothing', 'wrong', 'badHeader'])(
    'that fails (%s) answers 500 and keeps its reason',
    async name => {
      const response = await get(`/api/${name}`)

      expect(response.status).toBe(500)
      expect(await response.text()).not.toMatch(/secret|Error|\bat /)
      expect(host.lines.filter(line => line.level === 'error')).not.toEqual([])
    },
  )

  it('tells the log why it failed', async () => {
    await get('/api/throws')
    const line = host.lines.findLast(line => line.message === 'function failed')
    expect(line?.fields).toMatchObject({ function: 'throws', error: 'the secret reason' })
  })

  it('knows its context and writes to the log', async () => {
    const context = (await (await get('/api/context')).json()) as { id: string }
    expect(context).toMatchObject({ name: 'context', trigger: 'httpTrigger' })
    expect(host.lines).toContainEqual({
      level: 'warn',
      message: 'a word to the log',
      fields: { function: 'context', invocationId: context.id },
    })
  })

  it('takes a body up to the limit, and a longer one is refused with 413', async () => {
    const post = (bytes: number) => get('/api/size', { method: 'POST', body: new Uint8Array(bytes) })
    expect(await (await post(MAX_HTTP_BODY_BYTES)).json()).toBe(MAX_HTTP_BODY_BYTES)
    expect((await post(MAX_HTTP_BODY_BYTES + 1)).status).toBe(413)
  })
})

describe('the host', () => {
  it('greets at its root and lists its functions', async () => {
    expect((await get('/')).status).toBe(200)
    const listed = (await (await get('/admin/functions')).json()) as unknown[]
    expect(listed).toEqual(host.functions())
    expect(listed).toContainEqual({ name: 'oneAsset', type: 'httpTrigger' })
  })

  it.each(['/api', '/api/unknown', '/assets/latest', '//api/echo'])('has nothing at %s', async path => {
    expect((await get(path)).status).toBe(404)
  })

  it.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', 'localhost@evil', '[::2]'])(
    'refuses the host name %j: a page may have bent its own name to this address',
    async name => {
      expect((await raw({ path: '/api/echo', headers: { host: name } })).status).toBe(403)
    },
  )

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1', '127.9.9.9:7071', '[::1]:7071'])(
    'answers to the host name %s',
    async name => {
      expect((await raw({ path: '/api/echo', headers: { host: name } })).status).toBe(200)
    },
  )

  it('refuses what a page of another origin sends or reads, and takes what its own pages send', async () => {
    const post = (origin: string) =>
      raw({ path: '/api/echo', method: 'POST', headers: { origin } }).then(answer => answer.status)
    expect(await post('http://evil.example')).toBe(403)
    expect(await post('null')).toBe(403)
    expect(await post(`http://localhost:${host.port + 1}`)).toBe(403)
    expect(await post(`http://localhost:${host.port}`)).toBe(200)
    const foreign: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]
    for (const headers of foreign) {
      expect((await raw({ path: '/api/echo', headers })).status).toBe(403)
    }
    expect((await raw({ path: '/api/echo', headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(200)
  })

  it('refuses the handshake by which a page asks to post', async () => {
    const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST' }
    expect((await raw({ path: '/api/echo', method: 'OPTIONS', headers })).status).toBe(403)
  })
})

const GIVING_UP = 'invocations are still running; giving them up'

describe('a host that closes', () => {
  it('gives nothing up when its requests are answered, whatever the answers were', async () => {
    const other = await startTestHost({
      register: () => {
        app.get('fine', () => ({ body: 'fine' }))
        app.get('fails', () => Promise.reject(new Error('no answer')))
      },
    })
    const ask = async (path: string) => {
      const response = await fetch(other.url + path)
      await response.text()
      return response.status
    }
    expect(await Promise.all(['/api/fine', '/api/fails', '/nowhere'].map(ask))).toEqual([200, 500, 404])

    await other.close({ graceMs: 10_000 })

    expect(other.lines.map(line => line.message)).not.toContain(GIVING_UP)
  })

  it('lets running requests end and takes no new ones', async () => {
    const entered = createGate()
    const release = createGate()
    const other = await startTestHost({
      register: () =>
        app.get('slow', async () => {
          entered.open()
          await release.opened
          return { body: 'done' }
        }),
    })
    const answer = fetch(`${other.url}/api/slow`)
    await entered.opened

    const closed = other.close({ graceMs: 30_000 })
    await expect(fetch(`${other.url}/`)).rejects.toThrow()
    release.open()

    expect(await (await answer).text()).toBe('done')
    await closed
  })

  it('gives up what runs longer than the grace', async () => {
    const entered = createGate()
    const never = createGate()
    const other = await startTestHost({
      register: () =>
        app.get('slow', async () => {
          entered.open()
          await never.opened
          return {}
        }),
    })
    const answer = fetch(`${other.url}/api/slow`).catch(error => error)
    await entered.opened

    await other.close({ graceMs: 10 })

    expect(await answer).toBeInstanceOf(Error)
    expect(other.lines.map(line => line.message)).toContain(GIVING_UP)
    never.open()
  })
})
