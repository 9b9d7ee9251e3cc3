/** Names and paths that Azure Machine Learning takes. */
import { createHash } from 'node:crypto'

/** Azure ML's rule for the names of data assets: this many of `[a-zA-Z0-9_-]`, the first one no sign. */
export const MAX_ASSET_NAME_LENGTH = 255
export const MAX_DATASTORE_NAME_LENGTH = 255
const HASH_DIGITS = 8

/** Whether Azure ML takes this as the name of a data asset, as it is. */
export function isAssetName(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$/.test(text)
}

/**
 * The legal name nearest to `text`, always the same for the same text: other characters become `-`, leading signs
 * are cut off, and what is too long is shortened and ends in a hash of the whole text, so that different texts
 * keep different names. Undefined when nothing legal remains.
 */
export function toAssetName(text: string): string | undefined {
  if (isAssetName(text)) return text
  const name = text.replace(/[^a-zA-Z0-9_-]/gu, '-').replace(/^[_-]+/, '')
  if (name === '') return undefined
  return shortened(name, MAX_ASSET_NAME_LENGTH, '-', text)
}

/**
 * How a container appears in the workspaces when no rule file says otherwise: `<account>_<container>`, from
 * `[a-z0-9_]` only, as the studio refuses other datastores. Where characters had to be replaced, a hash keeps
 * different containers apart.
 */
export function defaultDatastoreName(account: string, container: string): string {
  const text = `${account}_${container}`
  const name = text.replace(/[^a-z0-9_]/gu, '_')
  const telling = name === text ? name : `${name}_${hashOf(text)}`
  return shortened(telling, MAX_DATASTORE_NAME_LENGTH, '_', text)
}

/**
 * Whether a data URI can point to this path of a container without anything on its way folding or cutting it.
 * The empty path is the container's root.
 */
export function isLegalDataPath(path: string): { ok: true } | { ok: false; reason: string } {
  if (path === '') return { ok: true }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) return { ok: false, reason: 'it holds a control character' }
  if (!path.isWellFormed()) return { ok: false, reason: 'it holds half of a surrogate pair' }
  if (/^\/|\/\/|\/$/.test(path)) return { ok: false, reason: 'it holds an empty segment' }
  const dots = /(?:^|\/)(\.\.?)(?:\/|$)/.exec(path)
  return dots === null ? { ok: true } : { ok: false, reason: `it holds the segment "${dots[1]}"` }
}

function shortened(name: string, maxLength: number, separator: string, text: string): string {
  if (name.length <= maxLength) return name
  return `${name.slice(0, maxLength - HASH_DIGITS - separator.length)}${separator}${hashOf(text)}`
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS)
}
