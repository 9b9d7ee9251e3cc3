import { describe, expect, it } from 'vitest'
import { compileRoute } from '../../src/host/http-route.ts'

describe('a route template', () => {
  it.each<[string, string, Record<string, string> | undefined]>([
    ['health', '/api/health', {}],
    ['health', '/API/Health/', {}],
    ['health', '/api/healthy', undefined],
    ['health', '/api/health/more', undefined],
    ['health', '/health', undefined],
    ['assets/{name}', '/api/assets/sales-eu', { name: 'sales-eu' }],
    ['assets/{name}', '/api/assets/sales%2Feu%20x', { name: 'sales%2Feu x' }],
    ['assets/{name}', '/api/assets/a%252Fb%25', { name: 'a%2Fb%' }],
    ['assets/{name}', '/api/assets/%zz', { name: '%zz' }],
    ['assets/{name}', '/api/assets/%FF', { name: '%FF' }],
    ['assets/{name}', '/api/assets', undefined],
    ['assets/{name}', '/api/assets/', undefined],
    ['assets/{name?}', '/api/assets', {}],
    ['assets/{name?}', '/api/assets/a', { name: 'a' }],
    ['assets/{name=all}', '/api/assets', { name: 'all' }],
    ['files/{*path}', '/api/files', {}],
    ['files/{*path}', '/api/files/a/b%20c/d', { path: 'a/b c/d' }],
    ['files/{**path}', '/api/files/a', { path: 'a' }],
    ['files/{name}.{ext}', '/api/files/report.final.csv', { name: 'report', ext: 'final.csv' }],
    ['files/v{n:int}', '/api/files/v12', { n: '12' }],
    ['n/{n:int}', '/api/n/-7', { n: '-7' }],
    ['n/{n:int}', '/api/n/2147483648', undefined],
    ['n/{n:long}', '/api/n/2147483648', { n: '2147483648' }],
    ['n/{n:int:range(1,9)}', '/api/n/5', { n: '5' }],
    ['n/{n:int:range(1,9)}', '/api/n/10', undefined],
    ['n/{n:min(3)?}', '/api/n', {}],
    ['n/{n:min(3)?}', '/api/n/2', undefined],
    ['b/{b:bool}', '/api/b/TRUE', { b: 'TRUE' }],
    ['b/{b:bool}', '/api/b/1', undefined],
    ['a/{a:alpha:length(2,3)}', '/api/a/abc', { a: 'abc' }],
    ['a/{a:alpha:length(2,3)}', '/api/a/abcd', undefined],
    [
      'g/{g:guid}',
      '/api/g/00000000-0000-0000-0000-000000000001',
      { g: '00000000-0000-0000-0000-000000000001' },
    ],
    ['g/{g:guid}', '/api/g/1', undefined],
    ['', '/api', {}],
    ['größe/a.b', '/api/gr%C3%B6%C3%9Fe/a.b', {}],
    ['a.b', '/api/aXb', undefined],
    ['p/{__proto__}', '/api/p/x', JSON.parse('{"__proto__":"x"}')],
  ])('%s and the path %s', (route, path, params) => {
    expect(compileRoute('api', route).match(path)).toEqual(params)
  })

  it('stands at the root when there is no prefix', () => {
    expect(compileRoute('', 'health').match('/health')).toEqual({})
    expect(compileRoute('', '{*all}').match('/')).toEqual({})
  })

  it('is ranked by how much it says', () => {
    const routes = ['{*rest}', '{name}', '{n:int}', 'v{n}', 'latest', '{a}/{b}', '{a}/all']
    const ranked = routes.map(route => compileRoute('api', route)).sort((a, b) => (a.rank < b.rank ? -1 : 1))
    expect(ranked.map(route => route.template.slice('api/'.length))).toEqual([
      'latest',
      'v{n}',
      '{n:int}',
      '{name}',
      '{a}/all',
      '{a}/{b}',
      '{*rest}',
    ])
  })

  it.each([
    ['a/{name', 'cannot read "{name"'],
    ['a/{}', 'cannot read "{}"'],
    ['a/{n:prime}', 'unknown constraint "prime"'],
    ['a/{n:range(1)}', 'unknown constraint "range(1)"'],
    ['a/{n:constructor}', 'unknown constraint "constructor"'],
    ['{*rest}/a', 'must come last: {rest}'],
    ['{a?}/{b}', 'must come last: {a}'],
    ['{a}/{A}', 'parameter {a} stands there twice'],
    ['{a}{b}', 'need some text between them'],
    ['x{a?}', 'must stand alone'],
  ])('%s is refused', (route, message) => {
    expect(() => compileRoute('api', route)).toThrow(message)
  })
})
