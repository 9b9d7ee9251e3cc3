import { hash } from 'node:crypto'
import type { Pattern } from '../patterns/pattern.ts'
import type { RuleSet } from '../rules/rule-set.ts'

/** Of SHA-256: of a row of a thousand, one blob in 10^16 that is not known would be taken for known. */
export const HASH_BYTES = 8

/** A blob's path and etag in eight characters of Latin-1. */
export function blobHash(path: string, etag: string): string {
  return hash('sha256', `${path}\n${etag}`, 'binary').slice(0, HASH_BYTES)
}

export function packHashes(hashes: readonly string[]): Uint8Array {
  return Buffer.from(hashes.join(''), 'latin1')
}

export function unpackHashes(packed: Uint8Array): string[] {
  const text = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength).toString('latin1')
  return Array.from({ length: Math.floor(text.length / HASH_BYTES) }, (_, index) =>
    text.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  )
}

/** Raised when the same rules come to make something else of some file. */
const MEANING = 1

/**
 * A digest of what the rules make of which files of a container: with another one, files that were known to be
 * recorded, refused, or to be nobody's, may be none of it. Who gets what is made of them does not matter. Tags and
 * description do, as too long ones are a reason to refuse a file.
 */
export function stampOf({ rules }: RuleSet, account: string, container: string): string {
  const sources = (patterns: readonly Pattern[]) => patterns.map(({ source }) => source)
  const definitions = rules
    .filter(rule => rule.account === account && rule.container === container)
    .map(({ match, ignore, where, asset, type, folder, marker, description, tags }) => [
      match.source,
      sources(ignore),
      Object.entries(where)
        .map(([name, globs]) => [name, sources(globs)])
        .sort(),
      asset.source,
      type,
      folder?.source ?? null,
      marker === undefined ? null : [marker.name, sources(marker.patterns)],
      description?.source ?? null,
      Object.entries(tags)
        .map(([name, { source }]) => [name, source])
        .sort(),
    ])
  return hash('sha256', JSON.stringify([MEANING, definitions]), 'base64url').slice(0, 22)
}
