import { describe, expect, it } from 'vitest'
import { createGroup } from '../../src/app/group.ts'

describe('calls that are grouped by their key', () => {
  it('go together where they come together, and each gets its own result', async () => {
    const groups: [string, number[]][] = []
    const double = createGroup<number, number>(async (key, items) => {
      groups.push([key, items])
      return items.map(item => item * 2)
    }, 2)
    const results = await Promise.all([double('a', 1), double('a', 2), double('b', 3), double('a', 4)])
    expect(results).toEqual([2, 4, 6, 8])
    expect(groups).toEqual([
      ['a', [1, 2]],
      ['b', [3]],
      ['a', [4]],
    ])
  })

  it('end with the group where it has no results', async () => {
    let ended = 0
    const note = createGroup<number, void>(async () => {
      await Promise.resolve()
      ended += 1
    }, 10)
    await Promise.all([note('a', 1), note('a', 2)])
    expect(ended).toBe(1)
  })

  it('all fail where the group fails or leaves one out, and the next ones do not', async () => {
    let answer: () => number[] = () => {
      throw new Error('no storage')
    }
    const ask = createGroup<number, number>(async () => answer(), 10)
    const together = () => Promise.allSettled([ask('a', 1), ask('a', 2)])
    expect(await together()).toMatchObject([{ reason: { message: 'no storage' } }, { status: 'rejected' }])
    answer = () => [1]
    expect(await together()).toMatchObject([
      { reason: { message: expect.stringContaining('without an answer') } },
      { status: 'rejected' },
    ])
    answer = () => [1, 2]
    expect(await together()).toMatchObject([{ value: 1 }, { value: 2 }])
  })
})
