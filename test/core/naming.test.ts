import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultDatastoreName, isLegalDataPath, toAssetName } from '../../src/core/naming.ts'

/** The service's own rule. */
const LEGAL = /^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$/

describe('the name of an asset', () => {
  it.each([
    ['sales-eu', 'sales-eu'],
    ['sales_EU-1', 'sales_EU-1'],
    ['sales/eu/a.csv', 'sales-eu-a-csv'],
    ['__x', 'x'],
    ['-- _x-', 'x-'],
    ['.env', 'env'],
    ['Umsätze', 'Ums-tze'],
    ['a😀b', 'a-b'],
    ['日本1', '1'],
    ['a\nb', 'a-b'],
    ['constructor', 'constructor'],
  ])('of %j is %s', (text, name) => {
    expect(toAssetName(text)).toBe(name)
  })

  it.each(['', '日本', '---', '_', ' / ', '😀'])('cannot be made of %j', text => {
    expect(toAssetName(text)).toBeUndefined()
  })

  it('is cut when it is too long, and tells different texts apart', () => {
    const one = toAssetName(`${'a'.repeat(300)}1`)
    const other = toAssetName(`${'a'.repeat(300)}2`)
    expect(one).toMatch(/^a{246}-[0-9a-f]{8}$/)
    expect(one).not.toBe(other)
    expect(toAssetName('a'.repeat(255))).toBe('a'.repeat(255))
    expect(toAssetName('a'.repeat(256))).toMatch(/^a{246}-[0-9a-f]{8}$/)
  })

  it('is legal or undefined, whatever the text, and always the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), text => {
        const name = toAssetName(text)
        expect(name === undefined || LEGAL.test(name)).toBe(true)
        expect(toAssetName(text)).toBe(name)
        expect(name === undefined).toBe(!/[a-zA-Z0-9]/.test(text))
      }),
      { seed: 1, numRuns: 2000 },
    )
  })

  it('is the text where that is legal', () => {
    fc.assert(
      fc.property(fc.stringMatching(LEGAL), text => {
        expect(toAssetName(text)).toBe(text)
      }),
      { seed: 1 },
    )
  })
})

describe('the name of a datastore that no rule file names', () => {
  it.each([
    ['contosolake', 'silver', /^contosolake_silver$/],
    ['contosolake', 'raw-zone', /^contosolake_raw_zone_[0-9a-f]{8}$/],
    ['contosolake', '$web', /^contosolake__web_[0-9a-f]{8}$/],
    ['a'.repeat(200), 'b'.repeat(200), /^a{200}_b{45}_[0-9a-f]{8}$/],
  ])('tells account %s and container %s', (account, container, name) => {
    expect(defaultDatastoreName(account, container)).toMatch(name)
  })

  it('is legal, and another one for each container', () => {
    const account = fc.stringMatching(/^[a-z0-9]{3,24}$/)
    const container = fc.oneof(
      fc.stringMatching(/^[ab](-?[ab]){2,6}$/),
      fc.constantFrom('$web', '$root', '$logs'),
    )
    const names = new Map<string, string>()
    fc.assert(
      fc.property(account, container, (a, c) => {
        const name = defaultDatastoreName(a, c)
        expect(name).toMatch(/^[a-z0-9_]{1,255}$/)
        expect(names.get(name) ?? `${a}/${c}`).toBe(`${a}/${c}`)
        names.set(name, `${a}/${c}`)
      }),
      { seed: 1, numRuns: 2000 },
    )
    expect(names.size).toBeGreaterThan(1000)
  })
})

describe('a data path', () => {
  it.each(['', 'a', 'a/b.csv', '.env', '...', 'a b', 'ü/😀', 'a\\b', 'a..b'])('such as %j is legal', path => {
    expect(isLegalDataPath(path)).toEqual({ ok: true })
  })

  it.each([
    ['/', 'it holds an empty segment'],
    ['/a', 'it holds an empty segment'],
    ['a/', 'it holds an empty segment'],
    ['a//b', 'it holds an empty segment'],
    ['.', 'it holds the segment "."'],
    ['a/../b', 'it holds the segment ".."'],
    ['a/./b', 'it holds the segment "."'],
    ['a\nb', 'it holds a control character'],
    ['a\u0000', 'it holds a control character'],
    ['a\u0085', 'it holds a control character'],
    ['a\ud800', 'it holds half of a surrogate pair'],
  ])('such as %j is not, as %s', (path, reason) => {
    expect(isLegalDataPath(path)).toEqual({ ok: false, reason })
  })
})
