import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseStorageEvent } from '../../src/core/storage-events.ts'
import { postEvents } from '../support/local-events.ts'
import { blobEvent } from '../support/memory-world.ts'
import { type HostWorld, openHostWorld } from './host-world.ts'
import { hostileText, hostileValue, type Json, toJsonText } from './hostile.ts'
import { mutated } from './mutate.ts'
import { defineSuite, property } from './suite.ts'

const DATA = { eTag: '0x8D1', contentLength: 5, sequencer: '00A' }
const RENAME = {
  sequencer: '1',
  sourceUrl: 'https://contosolake.dfs.core.windows.net/silver/tmp/a.csv',
  destinationUrl: 'https://contosolake.dfs.core.windows.net/silver/sales/a.csv',
}
const eventGrid = [
  blobEvent('PutBlob', 'sales/eu/a b.csv', DATA),
  blobEvent('CopyBlob', 'sales/eu/b.csv', DATA),
  blobEvent('DeleteBlob', 'sales/eu/a b.csv', { sequencer: '00B' }),
  { ...blobEvent('RenameFile', 'sales/a.csv', RENAME), eventType: 'Microsoft.Storage.BlobRenamed' },
  { ...blobEvent('RenameDirectory', 'sales', RENAME), eventType: 'Microsoft.Storage.DirectoryRenamed' },
] as unknown as { [key: string]: Json }[]
const cloudEvents = eventGrid.map(({ topic, subject, eventType, eventTime, id, data }) => {
  return { specversion: '1.0', type: eventType, source: topic, subject, time: eventTime, id, data } as Json
})

const badEvent = fc.oneof(
  { weight: 4, arbitrary: mutated([...eventGrid, ...cloudEvents]) },
  { weight: 1, arbitrary: hostileValue },
)
let named = 0
/** One that must be recorded, whatever comes with it. */
const goodEvent = fc.constant('good').map(() => {
  named += 1
  return blobEvent('PutBlob', `good/file-${named}.csv`, { ...DATA, eTag: `0x${named}` }) as unknown as Json
})

interface Batch {
  /** As they are in JSON text: what a parser makes of them. */
  events: { json: string; isGood: boolean }[]
  isArray: boolean
}

const batch: fc.Arbitrary<Batch> = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: badEvent.map(event => ({ json: objectText(event), isGood: false })) },
        { weight: 1, arbitrary: goodEvent.map(event => ({ json: toJsonText(event), isGood: true })) },
      ),
      { minLength: 1, maxLength: 8 },
    ),
    fc.boolean(),
  )
  .map(([events, isArray]) => ({
    events,
    isArray: isArray || events.length > 1 || !events[0]?.json.startsWith('{'),
  }))

/** A body of Event Grid's largest size, of one event or many. */
const bodyText = fc.oneof(
  hostileText(5000),
  fc.constantFrom('', ' ', '[', '{', '[]', '{}', 'null', '5', '"x"', '\ufeff[]', '[1,]', 'NaN', '[[[]]]'),
  badEvent.map(event => `\ufeff${toJsonText(event)}`),
  badEvent.map(event => toJsonText([event, event])),
  fc.constantFrom('['.repeat(500_000), `[${'{},'.repeat(4999)}{}]`, `[${'null,'.repeat(4999)}null]`),
)

/** Of what is no object the host makes no event, and takes no batch with it. */
function objectText(event: Json): string {
  const json = toJsonText(event)
  return json.startsWith('{') ? json : `{"event":${json}}`
}

function sumOf(counts: Record<string, number>, prefix: string): number {
  return Object.entries(counts).reduce(
    (sum, [name, count]) => (name.startsWith(prefix) ? sum + count : sum),
    0,
  )
}

export const events = defineSuite<HostWorld>({
  title: 'whatever Event Grid sends',
  open: () => openHostWorld(),
  close: world => world.close(),
  properties: [
    property(
      'is taken event by event: no object fails its batch, each is recorded or ignored for a reason',
      batch,
      takesBatch,
    ),
    property(
      'is answered, taken or not, and nothing breaks',
      fc.tuple(
        bodyText,
        fc.constantFrom('Notification', 'SubscriptionValidation', 'Unsubscribe', 'x'),
        fc.boolean(),
      ),
      async ({ host, lines }, [body, type, isKnown]) => {
        const { status } = await postEvents(host.url, body, isKnown ? 'onBlobEvent' : 'onWork', type)
        assert.ok([200, 202, 400, 404, 413, 500].includes(status), `status ${status}`)
        assert.deepEqual(
          lines.take().filter(({ level }) => level === 'error'),
          [],
        )
      },
    ),
  ],
})

/** What a change comes to where a rule matches. One of another type is refused, and counted as that. */
const COUNTED = ['recorded', 'duplicate', 'older', 'removed', 'marker', 'refused']

async function takesBatch({ host, world, lines }: HostWorld, { events: sent, isArray }: Batch) {
  lines.take()
  const before = world.counters.all()
  const texts = sent.map(({ json }) => json)
  const response = await postEvents(host.url, isArray ? `[${texts.join(',')}]` : texts[0])
  assert.equal(response.status, 202, await response.text())

  const after = world.counters.all()
  const grown = (prefix: string) => sumOf(after, prefix) - sumOf(before, prefix)
  assert.equal(grown('events'), sent.length)
  const parsed = texts.map(text => parseStorageEvent(JSON.parse(text)))
  const changes = parsed.flatMap(it => (it.kind === 'changes' ? it.changes : []))
  const written = changes.filter(({ kind }) => kind === 'written')
  const ignored = parsed.filter(it => it.kind === 'ignored')
  const outcomes = grown('ignored:') + COUNTED.reduce((sum, outcome) => sum + grown(`files:${outcome}`), 0)
  // Of a file that could never be registered, nobody asks why its removal came to nothing.
  assert.ok(outcomes >= ignored.length + written.length && outcomes <= ignored.length + changes.length)
  const told = lines.take()
  assert.deepEqual(
    told.filter(({ level }) => level === 'error'),
    [],
  )
  const reasons = told.filter(({ message }) => message === 'event ignored').map(({ reason }) => reason)
  for (const { reason } of ignored) {
    const at = reasons.indexOf(reason)
    assert.ok(at >= 0, `no line of the log tells of ${reason}`)
    reasons.splice(at, 1)
  }
  for (const { json, isGood } of sent) if (isGood) await isRecorded(world, json)
}

async function isRecorded(world: HostWorld['world'], json: string): Promise<void> {
  const parsed = parseStorageEvent(JSON.parse(json))
  assert.ok(parsed.kind === 'changes' && parsed.changes[0] !== undefined)
  const { rules } = await world.lakemark.explain(parsed.changes[0].ref)
  assert.ok(rules[0]?.ledger?.recorded, 'a good event among bad ones was not recorded')
}
