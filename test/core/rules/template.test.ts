import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtinValues, parseTemplate, type Template } from '../../../src/core/rules/template.ts'

function template(text: string): Template {
  const parsed = parseTemplate(text)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed
}

describe('a template', () => {
  it.each([
    ['sales-{region}', ['region'], 'sales-eu'],
    ['{region}{date}{region}', ['region', 'date'], 'eu1eu'],
    ['plain', [], 'plain'],
    ['', [], ''],
    ['{{region}}', [], '{region}'],
    ['{{{region}}}', ['region'], '{eu}'],
    ['$' + '{region}', ['region'], '$eu'],
    ['{constructor}', ['constructor'], 'made'],
  ])('%s has the names %j and renders to %s', (text, names, rendered) => {
    const made = template(text)
    expect(made.source).toBe(text)
    expect(made.names).toEqual(names)
    expect(made.render({ region: 'eu', date: '1', constructor: 'made' })).toBe(rendered)
  })

  it('puts values in as they are', () => {
    expect(template('{a}-{b}').render({ a: '{b}', b: '$&' })).toBe('{b}-$&')
  })

  it.each([
    ['a{b', 'a { has no }; write {{ for a literal brace'],
    ['a}b', 'a } has no {; write }} for a literal brace'],
    ['{}', '{} is not a name: names are letters, digits and _; write {{ and }} for literal braces'],
    ['{a b}', '{a b} is not a name: names are letters, digits and _; write {{ and }} for literal braces'],
    ['{1}', '{1} is not a name: names are letters, digits and _; write {{ and }} for literal braces'],
    ['a'.repeat(1025), 'is longer than 1024 characters'],
  ])('%.20s is refused: %s', (text, problem) => {
    expect(parseTemplate(text)).toEqual({ problem })
  })

  it('does not render without a value, nor with an inherited one', () => {
    expect(() => template('{region}').render({})).toThrow('no value for {region}')
    expect(() => template('{toString}').render({})).toThrow('no value for {toString}')
  })

  it('says any text literally when its braces are doubled', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '{', '}', '-') }), text => {
        expect(template(text.replace(/[{}]/g, '$&$&')).render({})).toBe(text)
      }),
      { seed: 1, numRuns: 1000 },
    )
  })
})

describe('the built-in values', () => {
  const of = (path: string) => builtinValues({ account: 'contosolake', container: 'silver', path })

  it.each([
    ['sales/eu/a.csv', 'sales/eu', 'a.csv', 'a', 'csv'],
    ['a.csv', '', 'a.csv', 'a', 'csv'],
    ['x/a.tar.gz', 'x', 'a.tar.gz', 'a.tar', 'gz'],
    ['x/.env', 'x', '.env', '.env', ''],
    ['x/README', 'x', 'README', 'README', ''],
    ['x.y/README', 'x.y', 'README', 'README', ''],
    ['x/a.', 'x', 'a.', 'a', ''],
    ['x/..', 'x', '..', '..', ''],
    ['x/', 'x', '', '', ''],
    ['/a', '', 'a', 'a', ''],
    ['x//a', 'x/', 'a', 'a', ''],
  ])('of %s are folder %j, file %j, stem %j, ext %j', (path, folder, file, stem, ext) => {
    expect(of(path)).toEqual({ container: 'silver', path, folder, file, stem, ext })
  })
})
