import { describe, expect, it } from 'vitest'
import { createBlobTurns, takeAll } from '../../../src/emulators/lake/blob-turns.ts'
import { createSequencer } from '../../../src/emulators/lake/sequencer.ts'

describe('sequencers', () => {
  it('grow as strings, while time stands still, goes back, and over a restart', () => {
    let time = Date.UTC(2026, 0, 1)
    const first = createSequencer(() => time)
    const made = Array.from({ length: 1000 }, first)
    time -= 60_000
    made.push(first())
    time += 60_001
    made.push(createSequencer(() => time)())

    expect(made.toSorted()).toEqual(made)
    expect(new Set(made).size).toBe(1002)
    expect(made.every(sequencer => /^[0-9a-f]{32}$/.test(sequencer))).toBe(true)
  })
})

describe('turns', () => {
  it('come one after the other for one blob, and at once for another', async () => {
    const turns = createBlobTurns()
    const order: string[] = []
    const endFirst = await turns.take('a')
    const second = turns.take('a').then(end => {
      order.push('second')
      end()
    })

    const endOther = await turns.take('b')
    order.push('other')
    endOther()
    order.push('first ends')
    endFirst()
    await second

    expect(order).toEqual(['other', 'first ends', 'second'])
  })

  it('of several blobs never wait for each other in a ring', async () => {
    const turns = createBlobTurns()
    const ended: string[] = []

    await Promise.all(
      ['ab', 'ba', 'abc', 'cba', 'aa'].map(async keys => {
        const end = await takeAll(turns, keys)
        await Promise.resolve()
        ended.push(keys)
        end()
      }),
    )

    expect(ended.toSorted()).toEqual(['aa', 'ab', 'abc', 'ba', 'cba'])
  })
})
