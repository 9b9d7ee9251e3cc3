import assert from 'node:assert/strict'
import fc from 'fast-check'
import { blobName, hostileText, hostileValue, type Json, toJsonText } from './hostile.ts'
import { isProper, openApi } from './http-api.ts'
import { rawRequest } from './raw-request.ts'
import { defineSuite, property } from './suite.ts'
import type { TableWorld } from './table-world.ts'

/** So a registration ends of what does not lie in the lake. */
const NOTHING_THERE = 'a part of a re-sync run failed'
const JSON_TYPE = 'Content-Type: application/json'
const text = fc.oneof(hostileText(60), blobName)
const path = fc.oneof(
  text,
  fc.constantFrom(
    '/',
    '**',
    '..',
    '{a,b}'.repeat(9),
    '*(a|*(b))',
    'a/{x}',
    '[',
    '\\',
    'b c.csv',
    'x/**/*.csv',
    '../up',
  ),
)
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('sales', 'x', 'b-c-csv') },
  { weight: 1, arbitrary: text },
)

const request = fc
  .tuple(
    fc.array(fc.tuple(name, path), { maxLength: 4 }),
    name,
    fc.constantFrom('silver', 'gold', '$root', 'none'),
  )
  .map(
    ([datasets, datastore, filesystem]): Json => ({
      workspace_definition: [
        {
          workspace_name: 'ml-retail',
          subscription_id: '00000000-0000-0000-0000-000000000001',
          resource_group: 'rg-retail',
        },
      ],
      datastore_definition: [{ adlsgen2_datastore_name: datastore, account_name: 'contosolake', filesystem }],
      dataset_definition: datasets.map(([dataset_name, dataset_path]) => ({ dataset_name, dataset_path })),
    }),
  )
const id = fc
  .tuple(
    fc.constantFrom('delivery', 'refusal', 'message', 'dead-letter', 'x'),
    fc.array(name, { maxLength: 4 }),
  )
  .map(parts => parts.flat().join('.'))
const token = fc
  .tuple(fc.constantFrom('deliveries', 'refusals', 'x'), text, text)
  .map(([source, nextPartitionKey, nextRowKey]) => {
    const place = Buffer.from(toJsonText({ nextPartitionKey, nextRowKey })).toString('base64')
    return `${source}.${place}`
  })
const some = (fields: Record<string, fc.Arbitrary<Json>>) => fc.record(fields, { requiredKeys: [] })
const call = fc.oneof(
  fc.tuple(
    fc.constant('POST register'),
    fc.oneof({ weight: 4, arbitrary: request }, { weight: 1, arbitrary: hostileValue }),
  ),
  fc.tuple(
    fc.constant('POST failures/retry'),
    some({
      id,
      rule: name,
      asset: name,
      workspace: name,
      kind: name,
      all: fc.boolean(),
      continuation: token,
    }),
  ),
  fc.tuple(
    fc.constant('POST resync'),
    some({
      container: name,
      prefix: text,
      rule: name,
      asset: name,
      workspace: name,
      since: text,
      verify: fc.boolean(),
    }),
  ),
  fc.tuple(
    text.map(it => `DELETE runs/${encodeURIComponent(it.toWellFormed())}`),
    fc.constant({}),
  ),
  fc.tuple(
    text.map(it => `GET register/${encodeURIComponent(it.toWellFormed())}`),
    fc.constant({}),
  ),
)

export const httpChanges = defineSuite<TableWorld>({
  title: 'whatever the HTTP API is asked to change',
  open: openApi,
  close: world => world.close(),
  properties: [
    property(
      'is begun, or refused as problem JSON, and is never a fault of the service',
      fc.tuple(call, hostileText(20)),
      async ({ host, lines, world }, [[asked, body], key]) => {
        lines.take()
        const [method = '', target] = asked.split(' ')
        const headers = [JSON_TYPE, ...(/^[\x21-\x7e]+$/.test(key) ? [`Idempotency-Key: ${key}`] : [])]
        const reply = await rawRequest(host.port, method, `/api/${target}`, headers, toJsonText(body as Json))
        isProper(reply)
        await world.drain({ forMs: 120_000 })
        const trouble = lines.take().filter(it => it.level === 'error' && it.message !== NOTHING_THERE)
        assert.deepEqual(trouble, [], `answered ${reply.status}`)
      },
      { runs: 60 },
    ),
  ],
})
