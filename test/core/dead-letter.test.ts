import { describe, expect, it } from 'vitest'
import { parseDeadLetter } from '../../src/core/dead-letter.ts'
import { blobEvent } from '../support/memory-world.ts'

const parse = (value: unknown) => parseDeadLetter(Buffer.from(JSON.stringify(value)))

describe('a dead letter', () => {
  const event = blobEvent('PutBlob', 'files/ü.csv', { eTag: '0x1', contentLength: 1 })
  const { topic, eventType, eventTime, metadataVersion: _, dataVersion: __, ...rest } = event
  const cloudEvent = { ...rest, source: topic, type: eventType, time: eventTime, specversion: '1.0' }

  it('is an array of events in either schema, with the reasons of their end', () => {
    const events = [
      { ...event, deadLetterReason: 'MaxDeliveryAttemptsExceeded', deliveryAttempts: 30 },
      { ...cloudEvent, deadletterreason: 'TimeToLiveExceeded', deliveryattempts: 3 },
      { ...event, deadLetterReason: 'TimeToLiveExceeded' },
    ]
    expect(parse(events)).toEqual({
      kind: 'events',
      events,
      strangers: 0,
      reasons: ['MaxDeliveryAttemptsExceeded', 'TimeToLiveExceeded'],
    })
  })

  it('may be one event by itself, as a person writes it', () => {
    expect(parse(event)).toEqual({ kind: 'events', events: [event], strangers: 0, reasons: [] })
  })

  it('keeps events that intake leaves out, and counts what is no event at all', () => {
    const known = [
      { eventType: 'Microsoft.Storage.DirectoryCreated', data: {} },
      { type: 'com.example.other' },
    ]
    expect(parse([7, event, null, ...known, [event], {}, 'text'])).toMatchObject({
      events: [event, ...known],
      strangers: 5,
    })
  })

  it('bounds what it tells of the reasons', () => {
    const events = Array.from({ length: 50 }, (_, index) => ({
      ...event,
      deadLetterReason: `${index} ${'x'.repeat(10_000)}`,
    }))
    const parsed = parse([...events, { ...event, deadLetterReason: { not: 'a text' } }])
    if (parsed.kind !== 'events') throw new Error('it is readable')
    expect(parsed.events).toHaveLength(51)
    expect(parsed.reasons).toHaveLength(5)
    expect(Math.max(...parsed.reasons.map(reason => reason.length))).toBe(100)
  })

  it.each([
    ['nothing', '', 'is empty'],
    ['a page of HTML', '<!doctype html><title>503</title>', 'is not JSON'],
    ['half of an array', '[{"eventType":"Micro', 'is not JSON'],
    ['a thousand brackets', '['.repeat(1_000_000), 'is not JSON'],
    ['no array', '"text"', 'holds no event'],
    ['an empty array', '[]', 'holds no event'],
    ['an array of garbage', '[1,null,[],{},"x",{"eventType":7}]', 'holds no event'],
    ['a name from the prototype', '{"__proto__":{"eventType":"x"}}', 'holds no event'],
  ])('that holds %s is unreadable, with the reason', (_, text, reason) => {
    const parsed = parseDeadLetter(Buffer.from(text))
    expect(parsed).toEqual({ kind: 'unreadable', reason: expect.stringContaining(reason) })
  })

  it('in another encoding than UTF-8 is unreadable; a byte order mark is none of its business', () => {
    const json = JSON.stringify([event])
    expect(parseDeadLetter(Buffer.from(json, 'utf16le'))).toMatchObject({ kind: 'unreadable' })
    expect(parseDeadLetter(Buffer.from(json, 'latin1'))).toMatchObject({ kind: 'unreadable' })
    expect(parseDeadLetter(Buffer.from(`\ufeff${json}`))).toMatchObject({ kind: 'events', events: [event] })
  })
})
