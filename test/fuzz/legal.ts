/** What Azure takes, by its documentation; written down anew so that the product's own rules are held against it. */
import assert from 'node:assert/strict'

const ASSET = /^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$/
const DATASTORE = /^[a-z0-9][a-z0-9_]{0,254}$/
/** The short form; `#` and `?` may stand in a path, which no client of Azure ML parses as a URL. */
const DATA_URI = /^azureml:\/\/datastores\/[a-z0-9_]+\/paths\/(?!\/)[^\p{Cc}]*$/u
const MAX_TAGS = 50
const MAX_TAG_KEY = 100
const MAX_TAG_VALUE = 1000
/** Of a partition or row key, in bytes of UTF-16. */
const MAX_TABLE_KEY = 1024

export function assertAssetName(name: string): void {
  assert.match(name, ASSET)
}

export function assertDatastoreName(name: string): void {
  assert.match(name, DATASTORE)
}

export function assertDataUri(uri: string): void {
  assert.match(uri, DATA_URI)
  assert.ok(uri.isWellFormed())
  const segments = uri.slice(uri.indexOf('/paths/') + '/paths/'.length).split('/')
  if (segments.length === 1 && segments[0] === '') return
  for (const segment of segments)
    assert.ok(!['', '.', '..'].includes(segment), `segment "${segment}" in ${uri}`)
}

/** Tags, and properties, which have no published bound. */
export function assertTexts(texts: Record<string, string>): void {
  const entries = Object.entries(texts)
  assert.ok(entries.length <= MAX_TAGS)
  for (const [key, value] of entries) {
    assert.ok(key !== '' && key.length <= MAX_TAG_KEY)
    assert.equal(typeof value, 'string')
    assert.ok(value.length <= MAX_TAG_VALUE)
    assert.ok(value.isWellFormed())
  }
}

export function assertTableKey(key: string): void {
  assert.ok(key.length * 2 <= MAX_TABLE_KEY)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.doesNotMatch(key, /[/\\#?%\u0000-\u001f\u007f-\u009f]/)
  assert.ok(key.isWellFormed())
}
