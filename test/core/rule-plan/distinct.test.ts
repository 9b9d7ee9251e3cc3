import { describe, expect, it } from 'vitest'
import { createDistinct } from '../../../src/core/rule-plan/distinct.ts'

function countOf(limit: number, texts: Iterable<string>) {
  const distinct = createDistinct(limit)
  let count = 0
  for (const text of texts) count += distinct.add(text)
  return { count, isExact: distinct.isExact() }
}

function* numbers(count: number, prefix = 'text-') {
  for (let i = 0; i < count; i += 1) yield `${prefix}${i}`
}

describe('different texts', () => {
  it('are counted exactly up to the limit, however often they come', () => {
    const texts = [...numbers(10_000), ...numbers(10_000), '', '', 'constructor']
    expect(countOf(10_002, texts)).toEqual({ count: 10_002, isExact: true })
    expect(countOf(0, [])).toEqual({ count: 0, isExact: true })
  })

  it.each([1000, 4096])('are estimated beyond a limit of %i, within a tenth', limit => {
    const { count, isExact } = countOf(limit, numbers(200_000))
    expect(isExact).toBe(false)
    expect(Math.abs(count - 200_000)).toBeLessThan(20_000)
  })

  it('that come again add next to nothing to an estimate', () => {
    const distinct = createDistinct(1000)
    const sum = (texts: Iterable<string>) => [...texts].reduce((total, text) => total + distinct.add(text), 0)
    sum(numbers(50_000))
    expect(sum(numbers(50_000))).toBe(0)
  })
})
