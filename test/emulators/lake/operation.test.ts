import { describe, expect, it } from 'vitest'
import { type Operation, parseOperation } from '../../../src/emulators/lake/operation.ts'

const BLOB = '/acc/c/a/b.csv'
const BLOCK_BLOB = { 'x-ms-blob-type': 'BlockBlob' }
const COPY = { 'x-ms-copy-source': 'http://127.0.0.1:1/acc/c/from' }

describe('parseOperation', () => {
  it.each<[string, string, Record<string, string>, string]>([
    ['PUT', BLOB, BLOCK_BLOB, 'event PutBlob'],
    ['PUT', `${BLOB}?timeout=30&sig=a%2Bb`, BLOCK_BLOB, 'event PutBlob'],
    ['PUT', BLOB, { ...BLOCK_BLOB, ...COPY }, 'event PutBlob'],
    ['PUT', BLOB, COPY, 'event CopyBlob'],
    ['PUT', BLOB, { ...COPY, 'x-ms-requires-sync': 'true' }, 'event CopyBlob'],
    ['PUT', `${BLOB}?comp=blocklist`, {}, 'event PutBlockList'],
    ['DELETE', BLOB, {}, 'event DeleteBlob'],
    ['DELETE', BLOB, { 'x-ms-delete-snapshots': 'include' }, 'event DeleteBlob'],
    ['DELETE', BLOB, { 'x-ms-delete-snapshots': 'only' }, 'change'],
    ['DELETE', `${BLOB}?snapshot=2026-01-01T00:00:00.0000000Z`, {}, 'change'],
    ['DELETE', `${BLOB}?versionid=2026-01-01T00:00:00.0000000Z`, {}, 'change'],
    ['PUT', `${BLOB}?comp=metadata`, {}, 'change'],
    ['PUT', `${BLOB}?comp=appendblock`, {}, 'change'],
    ['PUT', `${BLOB}?comp=copy&copyid=1`, {}, 'change'],
    ['PUT', BLOB, {}, 'change'],
    ['PUT', `${BLOB}?comp=block&blockid=YQ%3D%3D`, {}, 'pass'],
    ['GET', BLOB, {}, 'pass'],
    ['HEAD', BLOB, {}, 'pass'],
    ['POST', `${BLOB}?comp=query`, {}, 'pass'],
    ['PUT', '/acc/c?restype=container', {}, 'pass'],
    ['DELETE', '/acc/c?restype=container', {}, 'pass'],
    ['PUT', '/acc/c/?restype=container', {}, 'pass'],
    ['PUT', '/acc/c/%E0%A4', BLOCK_BLOB, 'pass'],
    ['PUT', '*', BLOCK_BLOB, 'pass'],
    ['POST', '/acc?comp=batch', {}, 'batch'],
    ['POST', '/acc/c?restype=container&comp=batch', {}, 'batch'],
  ])('takes %s %s with %j as %s', (method, target, headers, expected) => {
    expect(summaryOf(parse(method, target, headers))).toBe(expected)
  })

  it.each([
    ['/acc/c/a%20b/%C3%BC%23%3F.csv', 'a b/ü#?.csv'],
    ['/acc/c/100%2525.csv', '100%25.csv'],
    ['/acc/c/a+b.csv', 'a+b.csv'],
    ['/acc/c/a%2Fb.csv', 'a/b.csv'],
    ['/acc/c/a%5Cb.csv', 'a/b.csv'],
    ['/acc/c/a/../b.csv', 'a/../b.csv'],
    ['/acc/c/a//b/', 'a//b/'],
  ])('finds in %s the blob %s, as the storage does', (rawPath, blob) => {
    expect(parse('DELETE', `${rawPath}?sig=x%2F`, {})).toMatchObject({
      at: { account: 'acc', container: 'c', blob, rawPath },
    })
  })
})

function parse(method: string, target: string, headers: Record<string, string>): Operation {
  return parseOperation({ method, target, header: name => headers[name] })
}

function summaryOf(operation: Operation): string {
  return operation.kind === 'event' ? `event ${operation.api}` : operation.kind
}
