import assert from 'node:assert/strict'
import fc from 'fast-check'
import { keyOf } from '../../src/core/asset/fingerprint.ts'
import { TransientError } from '../../src/core/errors.ts'
import { DAY, MINUTE } from '../../src/core/time.ts'
import { blobEvent } from '../support/memory-world.ts'
import { hostileText, hostileValue, type Json, toJsonText } from './hostile.ts'
import { mutated } from './mutate.ts'
import { defineSuite, property } from './suite.ts'
import { openTableWorld, type TableWorld } from './table-world.ts'

type Damage =
  | { kind: 'layout'; layout: Json }
  | { kind: 'no data' }
  | { kind: 'cut'; at: number }
  | { kind: 'text'; text: string }
  | { kind: 'value'; value: Json }
  | { kind: 'mutation'; seed: number }
  | { kind: 'column'; name: string }

const damage: fc.Arbitrary<Damage> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.constantFrom<Json>(2, 0, '1', true).map(layout => ({ kind: 'layout' as const, layout })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'no data' as const }) },
  { weight: 1, arbitrary: fc.nat({ max: 60 }).map(at => ({ kind: 'cut' as const, at })) },
  {
    weight: 1,
    arbitrary: hostileText(100).map(text => ({ kind: 'text' as const, text: text.toWellFormed() })),
  },
  { weight: 2, arbitrary: hostileValue.map(value => ({ kind: 'value' as const, value })) },
  { weight: 6, arbitrary: fc.nat().map(seed => ({ kind: 'mutation' as const, seed })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('extra', 'data1', 'etag').map(name => ({ kind: 'column' as const, name })),
  },
)
/** Which row of the asset: its head, its file, what gathers, or a version. */
const which = fc.constantFrom('head', 'f!', 'g!', 'v!')
let numbered = 0

export const tableRows = defineSuite<TableWorld>({
  title: 'a row of the ledger that another version wrote, or somebody by hand',
  open: openTableWorld,
  close: world => world.close(),
  properties: [
    property(
      'is named by every error that it causes, and harms no other asset',
      fc.tuple(which, damage),
      isContained,
      {
        runs: 25,
      },
    ),
    property(
      'is left out of lists, or shown as what cannot be read',
      fc.tuple(fc.constantFrom('head', 'refusal'), damage),
      isLeftOut,
      { runs: 15 },
    ),
    property(
      'of the agenda does not end the sweep',
      fc.oneof(hostileValue, fc.constantFrom(null, '', '1', '2000-01-01T00:00:00Z')),
      sweepsOn,
      {
        runs: 30,
      },
    ),
  ],
})

/** Two assets with the same past, of which the first is damaged. */
async function isContained(opened: TableWorld, [row, damage]: [string, Damage]): Promise<void> {
  const { world, ledgerTable } = opened
  forget(opened)
  numbered += 1
  const [bad, good] = [`bad-${numbered}`, `good-${numbered}`]
  for (const name of [bad, good]) await world.deliver(fileEvent(name, 1))
  await world.drain()
  await world.deliver(fileEvent(bad, 2), fileEvent(good, 2))
  const key = await damageRow(ledgerTable, `gold-${bad}`, row, damage)
  if (key === undefined) return

  const names = new RegExp(`gold-${bad}/${key.replace(/[!]/g, '.')}|asset gold-${bad}\\b`)
  await fails(names, () => world.deliver(fileEvent(bad, 3)))
  await fails(names, () => world.lakemark.work([`gold-${bad}`], { redelivered: false }))
  await fails(names, () => world.lakemark.status.asset(`gold-${bad}`))
  await fails(names, () => world.lakemark.retry(`gold-${bad}`))
  // Together with it, in one message and in one batch.
  await fails(names, () => world.deliver(fileEvent(bad, 4), fileEvent(good, 4)))
  await world.lakemark.work([`gold-${bad}`, `gold-${good}`], { redelivered: false })
  world.pass(10 * MINUTE)
  await world.lakemark.sweep()
  for (const message of world.queue.take()) {
    if (message.kind !== 'assets') continue
    for (const asset of message.assets) {
      if (asset === `gold-${good}`) await world.lakemark.work([asset], { redelivered: true })
    }
  }
  const status = await world.lakemark.status.asset(`gold-${good}`)
  assert.ok((status?.latest ?? 0) >= 2)
  assert.equal(status?.workspaces['ml-retail']?.state, 'registered')
  await ledgerTable.deleteEntity(`gold-${bad}`, 'head')
}

/** Resolves when the step succeeds, or fails for a reason that people can act on. */
async function fails(names: RegExp, step: () => Promise<unknown>): Promise<void> {
  try {
    await step()
  } catch (error) {
    assert.ok(error instanceof Error)
    const isPassing = error instanceof TransientError && names.test(error.message)
    assert.ok(isPassing || names.test(error.message), `the error does not name the row: ${error.stack}`)
  }
}

async function isLeftOut(
  { world, ledgerTable, host }: TableWorld,
  [row, damage]: [string, Damage],
): Promise<void> {
  numbered += 1
  const [bad, good] = [`bad-list-${numbered}`, `good-list-${numbered}`]
  for (const name of [bad, good]) await world.deliver(fileEvent(name, 1))
  for (const name of [bad, good]) await world.deliver(refusedEvent(name))
  const partition = row === 'head' ? `gold-${bad}` : '!refused!silver'
  const rowKey = row === 'head' ? 'head' : refusedKey(bad)
  await damageRow(ledgerTable, partition, rowKey, damage)
  try {
    const read = async (list: string) =>
      (await (await fetch(`${host.url}/api/${list}?limit=1000`)).json()) as Lists
    const [{ assets }, { failures }] = [await read('assets'), await read('failures')]
    assert.ok(
      assets?.some(({ name }) => name === `gold-${good}`),
      'the list of assets is gone',
    )
    assert.ok(
      failures?.some(({ file }) => file?.includes(good)),
      'the failures are gone',
    )
  } finally {
    for (const name of [bad, good]) await ledgerTable.deleteEntity(`gold-${name}`, 'head')
    await ledgerTable.deleteEntity('!refused!silver', refusedKey(bad))
  }
}

interface Lists {
  assets?: { name: string }[]
  failures?: { file: string | null }[]
}

async function sweepsOn(opened: TableWorld, value: Json): Promise<void> {
  const { world, agendaTable } = opened
  forget(opened)
  numbered += 1
  const asset = `agenda-${numbered}`
  await world.deliver(fileEvent(asset, 1))
  const wakeAt = typeof value === 'object' ? toJsonText(value) : value
  const isText = typeof wakeAt === 'string'
  await agendaTable.upsertEntity(
    {
      partitionKey: '0',
      rowKey: `bad-${numbered}`,
      ...(value === null ? {} : { wakeAt: isText ? wakeAt.slice(0, 1000).toWellFormed() : wakeAt }),
    },
    'Replace',
  )
  world.queue.take()
  world.pass(10 * MINUTE)
  try {
    await world.lakemark.sweep()
  } finally {
    // The sweep may have struck it off itself.
    await agendaTable.upsertEntity({ partitionKey: '0', rowKey: `bad-${numbered}` }, 'Replace')
    await agendaTable.deleteEntity('0', `bad-${numbered}`)
  }
  const woken = world.queue.take().flatMap(message => (message.kind === 'assets' ? message.assets : []))
  assert.ok(woken.includes(`gold-${asset}`))
  await world.lakemark.work([`gold-${asset}`], { redelivered: false })
}

/** What earlier cases have left in the queue. */
function forget({ world }: TableWorld): void {
  world.pass(DAY)
  world.queue.take()
}

/** The row's key; undefined: the asset has none of this kind. */
async function damageRow(
  table: TableWorld['ledgerTable'],
  partitionKey: string,
  prefix: string,
  damage: Damage,
): Promise<string | undefined> {
  const rows = table.listEntities<Record<string, unknown>>({
    queryOptions: { filter: `PartitionKey eq '${partitionKey}'` },
  })
  for await (const { rowKey = '', etag: _, timestamp: __, ...rest } of rows) {
    if (!rowKey.startsWith(prefix)) continue
    await table.upsertEntity({ ...damaged(rest, damage), partitionKey, rowKey } as never, 'Replace')
    return rowKey
  }
  return undefined
}

function damaged(row: Record<string, unknown>, damage: Damage): Record<string, unknown> {
  const { data0, ...others } = row
  const json = String(data0)
  switch (damage.kind) {
    case 'layout':
      return { ...row, layout: damage.layout }
    case 'no data':
      return others
    case 'cut':
      return { ...row, data0: json.slice(0, -1 - damage.at) }
    case 'text':
      return { ...row, data0: damage.text }
    case 'value':
      return { ...row, data0: toJsonText(damage.value).slice(0, 30_000) }
    case 'mutation': {
      const [value] = fc.sample(mutated([JSON.parse(json)], { most: 2 }), { seed: damage.seed, numRuns: 1 })
      return { ...row, data0: toJsonText(value as Json).slice(0, 30_000) }
    }
    case 'column':
      return { ...row, [damage.name]: 'x' }
  }
}

function fileEvent(folder: string, version: number) {
  const data = { eTag: `0x${version}`, contentLength: version, sequencer: version.toString(16) }
  const event = blobEvent('PutBlob', 'x', data)
  const path = `${folder}/part-0.parquet`
  return {
    ...event,
    subject: `/blobServices/default/containers/gold/blobs/${path}`,
    data: { ...event.data, url: undefined },
  }
}

const refusedPath = (name: string) => `${name}//x.csv`
const refusedEvent = (name: string) =>
  blobEvent('PutBlob', refusedPath(name), { eTag: '0x1', contentLength: 1, sequencer: '1' })
const refusedKey = (name: string) =>
  keyOf({ account: 'contosolake', container: 'silver', path: refusedPath(name) })
