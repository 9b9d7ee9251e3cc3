import { describe, expect, it } from 'vitest'
import { reasonOf } from '../../src/core/errors.ts'

describe('the reason of whatever was thrown', () => {
  it.each([
    [new Error('no\n  luck'), 'no luck'],
    ['text', 'text'],
    [undefined, 'undefined'],
    // SDKs put there what stands in an answer.
    [Object.assign(new Error('x'), { message: 5 }), '5'],
    [Object.assign(new Error('x'), { message: { a: 1 } }), '[object Object]'],
  ])('%j is one line', (thrown, reason) => {
    expect(reasonOf(thrown)).toBe(reason)
  })
})
