import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Failure } from '../../src/app/failures/failure.ts'
import { WORK_QUEUE } from '../../src/azure-world.ts'
import { createLog } from '../../src/log.ts'
import { type HostWorld, openHostWorld, until } from './host-world.ts'
import { openTableWorld, type TableWorld } from './table-world.ts'

const LEVELS = 20_000

/** What the properties have found once. */
describe('a message that once went round and round', () => {
  let opened: HostWorld
  beforeAll(async () => {
    opened = await openHostWorld()
  })
  afterAll(() => opened.close())

  it.each([
    ['a list in a list in a list', '['.repeat(LEVELS) + ']'.repeat(LEVELS)],
    ['a map in a map in a map', `${'{"a":'.repeat(LEVELS)}1${'}'.repeat(LEVELS)}`],
    ['the same in base64', Buffer.from('['.repeat(LEVELS) + ']'.repeat(LEVELS)).toString('base64')],
  ])('of %s is shown as poisoned', async (_, text) => {
    const { queues, host, world } = opened
    const before = world.counters.all()['poisoned'] ?? 0
    queues.send(WORK_QUEUE, text)
    host.notify(WORK_QUEUE)
    await until('it to be dealt with', () => queues.waiting().length === 0, 5000)
    expect(world.counters.all()['poisoned']).toBe(before + 1)
  })
})

describe('a list of the HTTP API', () => {
  let opened: TableWorld
  beforeAll(async () => {
    opened = await openTableWorld()
  })
  afterAll(() => opened.close())

  it.each([
    ...['', 'x', '5', 'null', '{}', '{"nextPartitionKey":5}', '{"nextRowKey":"x"}', '[]', '"x"'],
    ...['{"nextPartitionKey":"x","nextRowKey":9}', '{"nextPartitionKey":"x","nextRowKey":{}}'],
  ])('refuses the continuation %j', async token => {
    for (const list of ['assets', 'failures']) {
      const continuation = encodeURIComponent(Buffer.from(token).toString('base64'))
      const response = await fetch(`${opened.host.url}/api/${list}?continuation=${continuation}`)
      expect([response.status, await response.json()]).toMatchObject([400, { status: 400 }])
    }
  })

  it('goes on with the failures where a row of another version lies among them', async () => {
    await opened.ledgerTable.createEntity({
      partitionKey: '!refused!silver',
      rowKey: 'x',
      layout: 2,
      data0: '{}',
    })
    const { failures } = (await (await fetch(`${opened.host.url}/api/failures`)).json()) as {
      failures: Failure[]
    }
    expect(failures).toMatchObject([
      { rule: 'silver', reason: 'ledger row !refused!silver/x has layout 2; this version reads layout 1' },
    ])
  })
})

describe('a line of the log', () => {
  it.each([
    '?sig=x"}',
    '?sig=a\\',
    'AccountKey=x\\u0022',
    '\u009b2J',
    '\u007f',
    '\u2028',
    '\u001b[31m',
    '\n',
  ])('is one line of JSON, whatever stands in it: %j', text => {
    const lines: string[] = []
    createLog('info', line => lines.push(line)).info('x', { text })
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/\p{Cc}|\u2028|\u2029/u)
    expect(Object.keys(JSON.parse(String(lines[0])))).toEqual(['time', 'level', 'message', 'text'])
  })

  it('holds no secret of a field within a field', () => {
    const lines: string[] = []
    createLog('info', line => lines.push(line)).info('x', {
      deep: [{ url: 'https://x/?sv=1&sig=secret"&x=1' }],
    })
    expect(lines[0]).not.toContain('secret')
  })
})
