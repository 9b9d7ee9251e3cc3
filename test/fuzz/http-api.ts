import assert from 'node:assert/strict'
import fc from 'fast-check'
import { blobEvent } from '../support/memory-world.ts'
import { WEBHOOK_SECRET } from './host-world.ts'
import { blobName, hostileText, hostileValue, toJsonText } from './hostile.ts'
import { type RawReply, rawRequest } from './raw-request.ts'
import { defineSuite, property } from './suite.ts'
import { openTableWorld, type TableWorld } from './table-world.ts'

/** Text as it stands in a request line, percent-encoded or not, or wrongly so. */
const inUrl = fc
  .tuple(fc.oneof(hostileText(300), blobName), fc.constantFrom('encoded', 'encoded', 'raw', 'half'))
  .map(([text, how]) => {
    const encoded = encodeURIComponent(text.toWellFormed())
    if (how === 'encoded') return encoded
    if (how === 'half') return encoded.replace(/%(..)/, '%$1%').slice(0, -1)
    // What would end the request line is another request.
    return text.replace(/[\r\n ]/g, '+')
  })
const name = fc.oneof(
  { weight: 3, arbitrary: inUrl },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'a-csv',
      'sales',
      '..',
      '.',
      '%2e%2e',
      'a%2Fb',
      '%00',
      '%ff',
      '__proto__',
      '!refused!silver',
    ),
  },
)

const token = (value: unknown) =>
  encodeURIComponent(Buffer.from(toJsonText(value as never)).toString('base64'))
const continuation = fc.oneof(
  inUrl,
  hostileValue.map(token),
  fc
    .record(
      { nextPartitionKey: hostileValue, nextRowKey: hostileValue },
      { requiredKeys: ['nextPartitionKey'] },
    )
    .map(token),
  fc
    .tuple(hostileText(50), hostileText(50))
    .map(([nextPartitionKey, nextRowKey]) => token({ nextPartitionKey, nextRowKey })),
)
const address = fc.oneof(
  inUrl,
  inUrl.map(path => `https://contosolake.blob.core.windows.net/silver/${path}`),
  inUrl.map(path => `abfss://silver@contosolake.dfs.core.windows.net/${path}`),
  inUrl.map(path => `contosolake/silver/${path}`),
)
const parameter = fc.oneof(
  continuation.map(value => `continuation=${value}`),
  fc.constantFrom(
    'limit=1',
    'limit=0',
    'limit=-1',
    'limit=1e3',
    'limit=1001',
    'limit=',
    'limit',
    'limit=NaN',
    'limit=9'.repeat(9),
  ),
  address.map(value => `url=${value}`),
  fc
    .tuple(fc.constantFrom('account', 'container', 'path', 'include', 'code', '__proto__'), inUrl)
    .map(pair => pair.join('=')),
  fc.tuple(fc.constantFrom('q', 'rule', 'workspace', 'state'), inUrl).map(pair => pair.join('=')),
  fc
    .tuple(hostileText(50))
    .map(([name]) => `continuation=after.${Buffer.from(name.toWellFormed()).toString('base64url')}`),
  fc.constantFrom('state=failed', 'q=a*', 'rule=silver', 'workspace=ml-retail', 'state=gathering'),
  fc.constantFrom('account=contosolake&container=silver', 'include=files', 'x=' + 'y'.repeat(9000)),
)
const path = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['assets', 'failures', 'files', 'explain', 'rules', 'health', 'metrics', 'runs', 'audit'],
    ),
  },
  { weight: 2, arbitrary: name.map(it => `assets/${it}`) },
  { weight: 1, arbitrary: name.map(it => `assets/${it}/retry`) },
  { weight: 1, arbitrary: name.map(it => `runs/${it}/findings`) },
  {
    weight: 1,
    arbitrary: fc.tuple(name, name).map(([asset, number]) => `assets/${asset}/versions/${number}`),
  },
  { weight: 1, arbitrary: name.map(it => `assets/a-csv/versions/${it}`) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 9 }).map(it => `assets/sales/versions/${it}`) },
  { weight: 1, arbitrary: fc.constantFrom('rules/refresh', '', 'assets/', 'assets//', 'assets/a/b/c') },
)
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'POST') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'get', 'QUERY'),
  },
)
const authorization = fc.oneof(
  fc.constantFrom(`Basic ${btoa(`:${WEBHOOK_SECRET}`)}`, 'Basic', 'Basic %', 'Bearer x', 'Basic OjpjOg=='),
  hostileText(40).map(text => text.replace(/[\r\n\0]/g, '')),
)
const request = fc.record({
  method,
  path,
  parameters: fc.array(parameter, { maxLength: 4 }),
  headers: fc.array(
    fc.oneof(
      authorization.map(value => `Authorization: ${Buffer.from(value, 'latin1').toString('latin1')}`),
      fc.constantFrom(
        'X-Hub-Signature-256: sha256=00',
        'X-Hub-Signature-256: ',
        'Content-Type: x',
        'Content-Encoding: gzip',
      ),
    ),
    { maxLength: 1 },
  ),
  body: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, hostileValue.map(toJsonText), hostileText()),
})

/** What a stack trace, a path of this machine, or the storage's own words look like. */
const INNARDS = /\n {4}at |node_modules|\.ts:\d|file:\/\/|RestError|x-ms-request-id/

export const httpApi = defineSuite<TableWorld>({
  title: 'whatever is asked of the HTTP API',
  open: openApi,
  close: world => world.close(),
  properties: [
    property(
      'is answered, or refused as problem JSON, and is never a fault of the service',
      request,
      async ({ host, lines }, { method, path, parameters, headers, body }) => {
        lines.take()
        const query = parameters.length === 0 ? '' : `?${parameters.join('&')}`
        const reply = await rawRequest(host.port, method, `/api/${path}${query}`, headers, body)
        const trouble = lines.take().filter(({ level }) => level === 'error')
        assert.deepEqual(trouble, [], `answered ${reply.status}`)
        isProper(reply)
      },
      { runs: 300 },
    ),
    property(
      'is told of an asset by whatever name, or that there is none',
      blobName.filter(it => it.isWellFormed()),
      async ({ host }, text) => {
        for (const [verb, rest] of [
          ['GET', ''],
          ['POST', '/retry'],
        ] as const) {
          const reply = await rawRequest(
            host.port,
            verb,
            `/api/assets/${encodeURIComponent(text)}${rest}`,
            [],
          )
          assert.ok([200, 202, 404].includes(reply.status), `answered ${reply.status}: ${reply.body}`)
          isProper(reply)
        }
      },
    ),
    property(
      'explains a file by whatever name',
      fc.tuple(fc.constantFrom('silver', 'gold', '$root', '$web', '$logs', 'nowhere'), blobName),
      async ({ host }, [container, text]) => {
        const query = new URLSearchParams({ account: 'contosolake', container, path: text.toWellFormed() })
        const reply = await rawRequest(host.port, 'GET', `/api/explain?${query}`, [])
        // Node's own bound of a request's head.
        if (query.toString().length > 12_000) return
        assert.equal(reply.status, 200, reply.body)
        assert.equal(JSON.parse(reply.body).path, text.toWellFormed())
      },
    ),
  ],
})

export function isProper({ status, headers, body }: RawReply): void {
  assert.ok(status >= 200 && status < 500, `answered ${status}: ${body.slice(0, 300)}`)
  assert.doesNotMatch(body, INNARDS)
  if (headers['content-type']?.startsWith('application/json')) JSON.parse(body)
  if (!headers['content-type']?.startsWith('application/problem+json')) {
    // What reaches no function is told by the host, or by Node.
    assert.ok(status < 300 || body === '' || body.length < 100, body.slice(0, 300))
    return
  }
  const told = JSON.parse(body)
  assert.equal(told.status, status)
  assert.match(told.type, /^urn:lakemark:[a-z-]+$/)
  assert.ok(told.detail.length > 5 && told.detail.length < 1000)
}

/** With assets and refused files, so that there are pages to ask for. */
export async function openApi(): Promise<TableWorld> {
  const opened = await openTableWorld()
  const { world } = opened
  const names = ['a.csv', 'b c.csv', 'ü.csv', '..', 'x/../y', 'control\u001b[31m.csv', '日本.csv', ' ', '/']
  await world.deliver(
    ...names.map((it, at) => blobEvent('PutBlob', it, { eTag: `0x${at}`, contentLength: 1, sequencer: '1' })),
  )
  await world.drain()
  return opened
}
