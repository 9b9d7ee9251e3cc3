import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_URL_LENGTH, parseBlobAddress } from '../../src/core/blob-url.ts'

const SILVER = { account: 'contosolake', container: 'silver' }

function textOf(address: string, watched = [SILVER]): string {
  const parsed = parseBlobAddress(address, watched)
  if ('problem' in parsed) return `problem: ${parsed.problem}`
  const { account, container, path } = parsed.ref
  return `${account} | ${container} | ${path}`
}

describe('the address of a file', () => {
  it.each([
    ['https://contosolake.blob.core.windows.net/silver/sales/a.csv', 'sales/a.csv'],
    ['https://contosolake.dfs.core.windows.net/silver/sales/a.csv', 'sales/a.csv'],
    ['HTTPS://ContosoLake.Blob.Core.Windows.Net:443/silver/sales/a.csv', 'sales/a.csv'],
    ['https://contosolake.blob.core.usgovcloudapi.net/silver/a.csv', 'a.csv'],
    ['https://contosolake.z12.blob.storage.azure.net/silver/a.csv', 'a.csv'],
    ['https://contosolake.privatelink.blob.core.windows.net/silver/a.csv', 'a.csv'],
    ['https://contosolake-secondary.blob.core.windows.net/silver/a.csv', 'a.csv'],
    ['http://127.0.0.1:10000/contosolake/silver/sales/a.csv', 'sales/a.csv'],
    ['http://localhost:10000/contosolake/silver/a.csv', 'a.csv'],
    ['http://[::1]:10000/contosolake/silver/a.csv', 'a.csv'],
    ['http://azurite:10000/contosolake/silver/a.csv', 'a.csv'],
    ['http://contosolake.blob.localhost:10000/silver/a.csv', 'a.csv'],
    ['abfss://silver@contosolake.dfs.core.windows.net/sales/a.csv', 'sales/a.csv'],
    ['abfs://silver@contosolake.dfs.core.windows.net/a.csv', 'a.csv'],
    ['wasbs://silver@contosolake.blob.core.windows.net/a.csv', 'a.csv'],
    ['contosolake/silver/sales/a.csv', 'sales/a.csv'],
    ['silver/sales/a.csv', 'sales/a.csv'],
  ])('%s names %s', (address, path) => {
    expect(textOf(address)).toBe(`contosolake | silver | ${path}`)
  })

  it.each([
    ['https://contosolake.blob.core.windows.net/silver/a%20b%2Fc%23%3f.csv', 'a b/c#?.csv'],
    ['https://contosolake.blob.core.windows.net/silver/%F0%9F%98%80+x.csv', '😀+x.csv'],
    ['https://contosolake.blob.core.windows.net/silver/a.csv?sv=1&sig=x/y#z', 'a.csv'],
    ['https://contosolake.blob.core.windows.net/silver/a/../b//./c.csv', 'a/../b//./c.csv'],
    ['https://contosolake.blob.core.windows.net/silver//a.csv', '/a.csv'],
    ['abfss://silver@contosolake.dfs.core.windows.net/a%20b?c.csv', 'a%20b?c.csv'],
    ['contosolake/silver/a%20b?c#d.csv', 'a%20b?c#d.csv'],
    ['silver/a\\b\u0000c', 'a\\b\u0000c'],
    ['silver/https://x.csv', 'https://x.csv'],
  ])('%j is read character by character: %j', (address, path) => {
    expect(textOf(address)).toBe(`contosolake | silver | ${path}`)
  })

  it.each([
    ['', /empty/],
    ['silver', /neither|no rule|names no file/],
    ['silver/', /names no file/],
    ['contosolake/silver/', /names no file/],
    ['/silver/a.csv', /begins with \//],
    ['https://contosolake.blob.core.windows.net', /no container/],
    ['https://contosolake.blob.core.windows.net/silver', /names no file/],
    ['https://contosolake.blob.core.windows.net/silver%2Fa.csv', /no container/],
    ['https://contosolake.blob.core.windows.net/Silver/a.csv', /no container/],
    ['https://contosolake.blob.core.windows.net/silver/a%2', /encodes no UTF-8/],
    ['https://contosolake.blob.core.windows.net/silver/%FF', /encodes no UTF-8/],
    ['https://user:secret@contosolake.blob.core.windows.net/silver/a', /user before its host/],
    ['https://lake.contoso.com/silver/a.csv', /does not tell the storage account/],
    ['http://127.0.0.1:10000/x/silver/a.csv', /no storage account/],
    ['abfss://contosolake.dfs.core.windows.net/a.csv', /is not an address/],
    ['abfss://silver@contoso/a.csv', /does not tell the storage account/],
    ['abfss://Silver@contosolake.dfs.core.windows.net/a.csv', /no container/],
    ['file:///etc/passwd', /file:\/\/ is not an address/],
    ['javascript://silver@a.dfs.b.c/x', /javascript:\/\/ is not an address/],
    [`silver/${'a'.repeat(1025)}`, /longer than 1024/],
    ['silver/\ud800', /surrogate/],
    ['x'.repeat(MAX_URL_LENGTH + 1), /longer than 12800/],
    ['bronze/a.csv', /no rule names a container bronze/],
    ['?/a.csv', /neither a container nor an account/],
  ])('%j is refused: %s', (address, problem) => {
    expect(textOf(address)).toMatch(/^problem: /)
    expect(textOf(address)).toMatch(problem)
  })

  it('without an account is the watched container of that name, else account and container as they stand', () => {
    expect(textOf('silver/gold/a.csv')).toBe('contosolake | silver | gold/a.csv')
    expect(textOf('silver/gold/a.csv', [])).toBe('silver | gold | a.csv')
    expect(textOf('silver/gold/a.csv', [SILVER, { account: 'silver', container: 'gold' }])).toBe(
      'silver | gold | a.csv',
    )
    expect(textOf('silver/a.csv', [SILVER, { account: 'other', container: 'silver' }])).toMatch(
      /several accounts; give one of contosolake\/silver\/a.csv, other\/silver\/a.csv/,
    )
  })

  it('is never repeated with its query', () => {
    const secrets = ['https://x/y?sig=SECRET', 'https://lake.contoso.com/a?sig=SECRET', 'ftp://x?sig=SECRET']
    for (const address of secrets) expect(textOf(address)).not.toContain('SECRET')
  })

  it('comes back from its URL whatever the path holds', () => {
    const path = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(path, text => {
        const encoded = text.split('/').map(encodeURIComponent).join('/')
        for (const base of [
          'https://contosolake.blob.core.windows.net/',
          'http://127.0.0.1:1/contosolake/',
        ]) {
          expect(parseBlobAddress(`${base}silver/${encoded}`)).toEqual({ ref: { ...SILVER, path: text } })
        }
        expect(parseBlobAddress(`contosolake/silver/${text}`)).toEqual({ ref: { ...SILVER, path: text } })
      }),
    )
  })

  it('never throws, and takes no time, whatever it holds', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'a.-/:@%?#[]blobdfs\u0000😀'), maxLength: 400 })
    fc.assert(
      fc.property(noise, text => {
        for (const prefix of ['', 'https://', 'http://', 'abfss://'])
          parseBlobAddress(prefix + text, [SILVER])
      }),
    )
    for (const host of ['a.'.repeat(6000), 'a'.repeat(12_000), `${'a-'.repeat(5000)}.blob.`]) {
      expect(textOf(`https://${host}/silver/a`)).toMatch(/^problem/)
    }
  })
})
