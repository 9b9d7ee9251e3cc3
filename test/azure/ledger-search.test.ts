import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AzureNamedKeyCredential, TableClient } from '@azure/data-tables'
import { afterEach, describe, expect, it } from 'vitest'
import { fromHead, fromVersion, type Row } from '../../src/azure/ledger-rows.ts'
import { createLedgerSearch } from '../../src/azure/table-ledger-search.ts'
import { newHead } from '../../src/core/asset/asset.ts'
import { versionOf } from '../support/samples.ts'

/**
 * A table that does as Table Storage does with many rows: it looks at so many and no more, and answers what is among
 * them with a continuation, however little that is. Understands the filters of the listing of assets.
 */
function startTable(rows: Row[], rowsPerQuery: number) {
  const keyOf = ({ partitionKey, rowKey }: Row) => `${partitionKey}\u0000${rowKey}`
  const sorted = [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const asked = { queries: 0, heads: 0 }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://table')
    const send = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
      response.end(JSON.stringify(body))
    }
    const point = /PartitionKey='([^']+)',RowKey='([^']+)'/.exec(decodeURIComponent(url.pathname))
    if (point !== null) {
      asked.heads += 1
      const row = sorted.find(it => it.partitionKey === point[1] && it.rowKey === point[2])
      const missing = { 'odata.error': { code: 'ResourceNotFound', message: { value: 'no such row' } } }
      return row === undefined ? send(404, missing) : send(200, toEntity(row))
    }
    asked.queries += 1
    const filter = url.searchParams.get('$filter') ?? ''
    const top = Number(url.searchParams.get('$top') ?? 1000)
    const bound = (operator: string) => new RegExp(`PartitionKey ${operator} '([^']*)'`).exec(filter)?.[1]
    const behind = [...filter.matchAll(/PartitionKey gt '([^']*)'/g)]
      .map(([, name = '']) => name)
      .sort()
      .at(-1)
    const inRange = sorted.filter(
      ({ partitionKey: name }) =>
        name >= (bound('ge') ?? '') &&
        name <= (bound('le') ?? '~') &&
        (behind === undefined || name > behind),
    )
    const looked = inRange.slice(0, rowsPerQuery)
    const isHeads = /RowKey eq 'head'/.test(filter)
    const found = looked.filter(({ rowKey }) => !isHeads || rowKey === 'head').slice(0, top)
    const isAll = looked.length === inRange.length && found.length < top
    const next = { 'x-ms-continuation-NextPartitionKey': 'opaque', 'x-ms-continuation-NextRowKey': 'opaque' }
    send(200, { value: found.map(toEntity) }, isAll ? {} : next)
  })
  return new Promise<{ table: TableClient; asked: typeof asked; server: Server }>(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      const table = new TableClient(
        `http://127.0.0.1:${port}`,
        'ledger',
        new AzureNamedKeyCredential('a', 'b2s='),
        {
          allowInsecureConnection: true,
        },
      )
      resolve({ table, asked, server })
    })
  })
}

function toEntity({ partitionKey, rowKey, ...rest }: Row) {
  return { 'odata.etag': 'W/"1"', PartitionKey: partitionKey, RowKey: rowKey, ...rest }
}

let open: Server | undefined
afterEach(() => {
  open?.close()
  open?.closeAllConnections()
})

async function listAll(rows: Row[], { rowsPerQuery = 50, limit = 10, prefix = '' }) {
  const { table, asked, server } = await startTable(rows, rowsPerQuery)
  open = server
  const { listAssets } = createLedgerSearch(table)
  const names: string[] = []
  let after: string | undefined
  let calls = 0
  do {
    const page = await listAssets({ after, prefix, limit })
    names.push(...page.items.map(({ name }) => name))
    after = page.next
    calls += 1
  } while (after !== undefined && calls < 500)
  return { names, calls, asked }
}

const asset = (name: string, versions = 1): Row[] => [
  fromHead(name, newHead('uri_file')),
  ...Array.from({ length: versions }, (_, at) => fromVersion(name, versionOf(at + 1))),
]
const filesOf = (name: string, count: number): Row[] =>
  Array.from({ length: count }, (_, at) => ({
    partitionKey: name,
    rowKey: `f!${String(at).padStart(6, '0')}`,
  }))

describe('the list of assets over a large table', () => {
  it('gets past an asset with more rows than one query looks at, before its head and behind it', async () => {
    const rows = [
      ...asset('a'),
      ...filesOf('b', 1000),
      ...asset('b', 1000),
      ...asset('c'),
      ...filesOf('d', 1000),
      ...asset('d'),
      ...asset('e'),
    ]
    const { names, calls, asked } = await listAll(rows, {})
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(calls).toBeLessThanOrEqual(4)
    expect(asked.heads).toBeLessThanOrEqual(3)
  })

  it('takes whole pages where nothing is in the way', async () => {
    const rows = Array.from({ length: 95 }, (_, at) =>
      asset(`asset-${String(at).padStart(3, '0')}`, 0),
    ).flat()
    const { names, calls, asked } = await listAll(rows, { rowsPerQuery: 1000 })
    expect(names).toHaveLength(95)
    expect([calls, asked]).toEqual([10, { queries: 10, heads: 0 }])
  })

  it('steps over a partition that has no head, and stays within a prefix', async () => {
    const rows = [
      ...filesOf('p-a', 200),
      ...asset('p-b'),
      ...filesOf('p-c', 200),
      ...asset('p-c'),
      ...asset('q'),
    ]
    expect((await listAll(rows, { prefix: 'p-' })).names).toEqual(['p-b', 'p-c'])
    expect((await listAll(filesOf('p-a', 200), { prefix: 'p-' })).names).toEqual([])
  })

  it('says of a head that cannot be read that it cannot, and goes on', async () => {
    const rows = [...asset('a'), { ...fromHead('b', newHead('uri_file')), layout: 9 }, ...asset('c')]
    const { table, server } = await startTable(rows, 100)
    open = server
    const { items } = await createLedgerSearch(table).listAssets({ limit: 10 })
    expect(items).toMatchObject([
      { name: 'a', head: { type: 'uri_file' }, unreadable: undefined },
      { name: 'b', head: undefined, unreadable: expect.stringMatching(/b\/head has layout 9/) },
      { name: 'c', unreadable: undefined },
    ])
  })
})
