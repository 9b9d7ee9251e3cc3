import assert from 'node:assert/strict'
import fc from 'fast-check'
import { redacted } from '../../src/log.ts'
import { EVENT_QUEUE, WORK_QUEUE } from '../../src/storage-names.ts'
import { type HostWorld, openHostWorld, until } from './host-world.ts'
import { hostileText, type Json, toJsonText } from './hostile.ts'
import { mutated } from './mutate.ts'
import { defineSuite, property } from './suite.ts'

const FOLDER = { account: 'contosolake', container: 'silver', path: 'sales/eu' }
const SAMPLES: Json[] = [
  { kind: 'assets', assets: ['sales-eu', 'sales-us'] },
  { kind: 'listing', folder: FOLDER },
  { kind: 'listing', folder: FOLDER, continuation: '500', backfill: { rules: ['silver'], since: 0 } },
]
const toBase64 = (text: string) => Buffer.from(text, 'utf8').toString('base64')

/** What may stand in a queue that more than we can write to. */
const messageText = fc.oneof(
  mutated(SAMPLES).map(toJsonText).map(toBase64),
  mutated(SAMPLES).map(toJsonText),
  hostileText(2000),
  hostileText(500).map(toBase64),
  fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes).toString('base64')),
  mutated(SAMPLES).map(json => Buffer.from(`\ufeff${toJsonText(json)}`, 'utf16le').toString('base64')),
)
/** A queue's polling interval, some attempts, and as much again. */
const DONE_WITHIN_MS = 5000
const MAX_DEQUEUE_COUNT = 5

export const messages = defineSuite<HostWorld>({
  title: 'whatever stands in the work queue',
  open: () => openHostWorld(),
  close: world => world.close(),
  properties: [
    property(
      'comes to an end: worked on, or shown as poisoned with a reason',
      fc.array(messageText, { minLength: 1, maxLength: 12 }),
      async ({ host, queues, world, lines }, texts) => {
        queues.clear()
        const before = world.counters.all()['poisoned'] ?? 0
        for (const text of texts) queues.send(WORK_QUEUE, text)
        host.notify(WORK_QUEUE)
        await until('the queues to be empty', () => queues.waiting().length === 0, DONE_WITHIN_MS).catch(
          error => {
            const [left] = queues.waiting()
            const stray = lines.take().filter(({ level }) => level === 'error')
            throw new Error(`a message goes round and round: ${left?.text.slice(0, 300)}`, {
              cause: [error, left?.queue, left?.dequeueCount, stray.at(-1)],
            })
          },
        )
        assert.ok(queues.mostDequeued() <= MAX_DEQUEUE_COUNT)

        const poisoned = (world.counters.all()['poisoned'] ?? 0) - before
        const reasons = lines.take().filter(({ message }) => message === 'message poisoned')
        assert.ok(reasons.length >= poisoned, 'each has its line in the log')
        // Lookups that the messages asked for, and what they announced, are done with as well.
        await world.drain({ forMs: 0, maxSteps: 100 })
        for (const { reason } of reasons) {
          const { items } = await world.lakemark.failures.list({}, { limit: 100_000 })
          assert.ok(items.some(it => redacted(it.reason) === reason && it.kind === 'message'))
        }
      },
      { runs: 60 },
    ),
    property(
      'or in the queue of events comes to an end: taken in, or shown as poisoned',
      fc.array(messageText, { minLength: 1, maxLength: 12 }),
      async ({ host, queues, lines }, texts) => {
        queues.clear()
        for (const text of texts) queues.send(EVENT_QUEUE, text)
        host.notify(EVENT_QUEUE)
        await until('the queues to be empty', () => queues.waiting().length === 0, DONE_WITHIN_MS)
        assert.ok(queues.mostDequeued() <= 1, 'what is hostile is no reason to try again')
        const strays = lines
          .take()
          .filter(({ level, message }) => level === 'error' && message !== 'message poisoned')
        assert.deepEqual(strays, [])
      },
      { runs: 40 },
    ),
    property(
      'is a failure that is shown where it is none of ours',
      hostileText(300).filter(text => !/^(eyJ|ey A)/.test(text)),
      async ({ host, queues, world }, text) => {
        queues.clear()
        const before = world.counters.all()['poisoned'] ?? 0
        queues.send(WORK_QUEUE, text)
        host.notify(WORK_QUEUE)
        await until('it to be dealt with', () => queues.waiting().length === 0, DONE_WITHIN_MS)
        assert.equal(world.counters.all()['poisoned'], before + 1)
      },
      { runs: 40 },
    ),
  ],
})
