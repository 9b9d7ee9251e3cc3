import { describe, expect, it } from 'vitest'
import { copyOf } from '../../src/core/copy.ts'

describe('a copy', () => {
  it('has everything that the original has, and shares nothing with it', () => {
    const original = {
      text: 'a',
      nothing: undefined,
      list: [{ n: 1 }, 'b', [2]],
      byName: new Map([['x', { n: 3 }]]),
      deep: { deeper: { n: 4 }, none: null },
    }
    const copied = copyOf(original)
    expect(copied).toStrictEqual(original)

    copied.list.push('c')
    Object.assign(copied.list[0] as object, { n: 0 })
    Object.assign(copied.byName.get('x') as object, { n: 0 })
    copied.deep.deeper.n = 0
    expect(original).toMatchObject({ list: [{ n: 1 }, 'b', [2]], deep: { deeper: { n: 4 } } })
    expect(original.list).toHaveLength(3)
    expect(original.byName.get('x')).toEqual({ n: 3 })
  })

  it('takes the key __proto__ for a key like any other', () => {
    const original = JSON.parse('{"__proto__": {"admin": true}, "list": [{"__proto__": 5}]}')
    const copied = copyOf(original)
    expect(Object.keys(copied)).toEqual(['__proto__', 'list'])
    expect(Object.getPrototypeOf(copied)).toBe(Object.prototype)
    expect(copied.admin).toBeUndefined()
    expect(JSON.stringify(copied)).toBe(JSON.stringify(original))

    const inner = Object.getOwnPropertyDescriptor(copied, '__proto__')?.value
    expect(inner).toEqual({ admin: true })
    inner.admin = false
    expect(JSON.stringify(original)).toContain('true')
  })
})
