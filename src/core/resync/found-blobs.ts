import { packHashes, unpackHashes } from './known-blobs.ts'
import type { FoundBlobs } from './run.ts'

/** By hash: as what a blob was found missing, and not counted yet. */
export type FoundByHash = Map<string, keyof FoundBlobs>

/** Undefined: there are none. */
export function packFound(found: FoundByHash): FoundBlobs | undefined {
  if (found.size === 0) return undefined
  const packed = (what: keyof FoundBlobs) =>
    Buffer.from(packHashes([...found].flatMap(([hash, as]) => (as === what ? hash : [])))).toString('base64')
  return { new: packed('new'), changed: packed('changed') }
}

export function unpackFound(packed: FoundBlobs | undefined): FoundByHash {
  const found: FoundByHash = new Map()
  if (packed === undefined) return found
  for (const what of ['new', 'changed'] as const) {
    for (const hash of unpackHashes(Buffer.from(packed[what], 'base64'))) found.set(hash, what)
  }
  return found
}
