import { describe, expect, it } from 'vitest'
import { parseServiceAddress } from '../../src/cli/service/address.ts'
import { type Call, createService, type Paged, tokenFor } from '../../src/cli/service/client.ts'
import { listUpTo } from '../../src/cli/service/listing.ts'
import { UsageError } from '../../src/cli/usage-error.ts'
import { SECOND } from '../../src/core/time.ts'
import { page, type StubAnswer, startStub } from './stub-service.ts'

const problem = (status: number, name: string, more: Record<string, unknown> = {}): StubAnswer => ({
  status,
  body: { type: `urn:lakemark:${name}`, title: name, status, detail: `because of ${name}`, ...more },
})

async function messageOf(answer: StubAnswer, route = 'assets', call: Call = {}): Promise<string> {
  await using stub = await startStub(() => answer)
  const service = createService({ address: parseServiceAddress(stub.url, '--url') })
  const error = await service.call(route, call).then(
    () => undefined,
    (failed: unknown) => failed,
  )
  expect(error).toBeInstanceOf(UsageError)
  return (error as UsageError).message.replaceAll(stub.url, 'SERVICE')
}

describe('the address of a service', () => {
  it.each([
    ['https://lakemark.example/', 'https://lakemark.example', undefined],
    ['https://lakemark.example/api/', 'https://lakemark.example', undefined],
    ['https://host.example/some/app', 'https://host.example/some/app', undefined],
    ['http://127.0.0.1:7071?code=KEY', 'http://127.0.0.1:7071', 'KEY'],
  ])('%s is taken', (text, base, key) => {
    expect(parseServiceAddress(text, '--url')).toEqual({ base, key, isLocal: false })
  })

  it.each(['lakemark.example', 'ftp://x', 'https://user:SECRET@x', ''])(
    '%s is refused, not repeated',
    text => {
      expect(() => parseServiceAddress(text, '--url')).toThrow(/^--url: expected the http or https address/)
      expect(() => parseServiceAddress(text, '--url')).not.toThrow(/SECRET/)
    },
  )

  it.each([
    [{ key: 'SECRET\nkey' }, {}, 'x-functions-key'],
    [{ key: 'SECRET…' }, {}, 'x-functions-key'],
    [{}, { headers: { 'Idempotency-Key': 'SECRET\r\nX: y' } }, 'Idempotency-Key'],
  ])('may hold nothing that no header can: what it is is not repeated', async (more, call, name) => {
    const address = { ...parseServiceAddress('http://127.0.0.1:9', '--url'), ...more }
    const error: unknown = await createService({ address })
      .call('assets', call)
      .catch(it => it)
    expect(error).toBeInstanceOf(UsageError)
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining(name) })
    expect(String(error)).not.toContain('SECRET')
  })

  it('gets no token over plain http, unless it is on this machine', () => {
    const at = (url: string) => tokenFor(parseServiceAddress(url, '--url'), 'api://lakemark')?.audience
    expect(at('http://lakemark.example')).toBeUndefined()
    expect(at('http://127.0.0.1.example:7071')).toBeUndefined()
    expect(at('https://lakemark.example')).toBe('api://lakemark')
    expect(at('http://127.0.0.1:7071')).toBe('api://lakemark')
  })
})

describe('a call', () => {
  it('is made again when the service asks to wait, as long as it asks', async () => {
    const waits: number[] = []
    await using stub = await startStub((_, count) =>
      count < 3 ? { status: 429, headers: { 'Retry-After': '0' } } : page(['a'], null),
    )
    const address = parseServiceAddress(stub.url, '--url')
    const service = createService({ address, onWait: ms => waits.push(ms) })
    expect(await service.call('assets')).toMatchObject({ assets: [{ name: 'a' }] })
    expect([stub.asked.length, waits]).toEqual([3, [0, 0]])
  })

  it('is given up where the wait is too long, and after some attempts', async () => {
    expect(await messageOf({ status: 429, headers: { 'Retry-After': '3600' } })).toMatch(
      /Try again in 3600 s$/,
    )
    await using stub = await startStub(() => problem(503, 'unavailable'))
    stub.asked.length = 0
    const service = createService({ address: parseServiceAddress(stub.url, '--url') })
    const impatient = service.call('resync', { body: {} })
    await expect(impatient).rejects.toThrow(/because of unavailable\nSomething that the service needs/)
    expect(stub.asked.length).toBe(1)
  })

  it('that changes something is made again after 503 only with a key that makes it one', async () => {
    const started = {
      status: 503,
      headers: { 'Retry-After': '0' },
      body: { type: 'urn:lakemark:unavailable' },
    }
    await using stub = await startStub(() => started)
    const service = createService({ address: parseServiceAddress(stub.url, '--url') })
    const call = service.call('resync', { body: {}, headers: { 'Idempotency-Key': 'k' } })
    await expect(call).rejects.toThrow()
    expect(stub.asked.map(({ headers }) => headers['idempotency-key'])).toEqual(['k', 'k', 'k', 'k', 'k'])
  })

  it('has a time limit', async () => {
    await using stub = await startStub(() => undefined)
    const address = parseServiceAddress(stub.url, '--url')
    const call = createService({ address, timeoutMs: SECOND / 5 }).call('assets')
    await expect(call).rejects.toThrow(`no answer from ${stub.url} within 0.2 s; try again later`)
  })

  it('sends the token and the key to their service alone: no redirection is followed', async () => {
    await using thief = await startStub(() => page([], null))
    await using stub = await startStub(() => ({
      status: 307,
      headers: { Location: `${thief.url}/api/assets` },
    }))
    const address = parseServiceAddress(`${stub.url}?code=KEY`, '--url')
    const token = { audience: 'api://x', get: async () => 'TOKEN' }
    const call = createService({ address, token }).call('assets')
    await expect(call).rejects.toThrow(
      /sends elsewhere \(307 to http:\/\/127\.0\.0\.1:\d+\); give the address/,
    )
    expect(stub.asked[0]?.headers).toMatchObject({ authorization: 'Bearer TOKEN', 'x-functions-key': 'KEY' })
    expect(thief.asked).toEqual([])
  })

  it('encodes names, and sends none that would be another address', async () => {
    await using stub = await startStub(() => problem(404, 'unknown-asset'))
    const service = createService({ address: parseServiceAddress(stub.url, '--url') })
    await expect(service.call('asset', { params: { name: 'a/../b?c' } })).rejects.toThrow()
    expect(stub.asked[0]?.url).toBe('/api/assets/a%2F..%2Fb%3Fc')
    await expect(service.call('asset', { params: { name: '..' } })).rejects.toThrow('".." is no name')
    expect(stub.asked.length).toBe(1)
  })

  it.each([
    [{ status: 401 }, /^SERVICE does not let you in \(401\)\nIt may want a token, by --audience AUDIENCE/],
    [
      {
        ...problem(401, 'unauthenticated'),
        headers: {
          'WWW-Authenticate': 'Bearer authorization_uri="https://l/t/a", resource_id="api://lakemark"',
        },
      },
      /: --audience api:\/\/lakemark, or set LAKEMARK_AUDIENCE$/,
    ],
    [
      problem(403, 'missing-role'),
      /^because of missing-role\nAsk those who keep .* app role Lakemark\.Read, then/,
    ],
    [problem(403, 'not-operator'), /^because of not-operator$/],
    [
      problem(500, 'internal', { instance: 'urn:uuid:1' }),
      /^because of internal\nIt stands there as urn:uuid:1$/,
    ],
    [{ status: 404, body: 'nothing' }, /^SERVICE knows no GET \/api\/assets: is it the address of Lakemark/],
    [
      { status: 502, body: '<html>', headers: { 'Retry-After': '0' } },
      /^SERVICE is in trouble \(502 from \/api\/assets\); try again later$/,
    ],
    [{ status: 200, body: '<html>' }, /answers what this command does not understand \(no JSON\)/],
    [{ status: 200, body: { assets: 7 } }, /does not understand \(assets\); is it of another version\?/],
  ] as const)('that is answered %j says what to do next', async (answer, message) => {
    expect(await messageOf(answer as StubAnswer)).toMatch(message)
  })
})

describe('a listing', () => {
  it('goes on page by page up to its limit, and says whether there is more', async () => {
    await using stub = await startStub(({ url }) => {
      const at = Number(new URL(url, 'http://x').searchParams.get('continuation') ?? 0)
      return page([`a${at}`, `b${at}`], at === 2 ? null : String(at + 1))
    })
    const service = createService({ address: parseServiceAddress(stub.url, '--url') })
    const list = (limit: number) =>
      listUpTo(service, 'assets', {
        limit,
        itemsOf: (answer: Paged & { assets: { name: string }[] }) => answer.assets.map(({ name }) => name),
      })
    expect(await list(100)).toEqual({ items: ['a0', 'b0', 'a1', 'b1', 'a2', 'b2'], isMore: false })
    expect(await list(6)).toEqual({ items: ['a0', 'b0', 'a1', 'b1', 'a2', 'b2'], isMore: false })
    expect(await list(4)).toEqual({ items: ['a0', 'b0', 'a1', 'b1'], isMore: true })
    expect(await list(1)).toEqual({ items: ['a0'], isMore: true })
  })

  it('ends where a service answers the same page for ever', async () => {
    await using stub = await startStub(() => page([], 'again'))
    const service = createService({ address: parseServiceAddress(stub.url, '--url') })
    const list = listUpTo(service, 'assets', { limit: 5, itemsOf: () => [] })
    await expect(list).rejects.toThrow('the same page again and again')
  })
})
