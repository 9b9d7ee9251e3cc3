import { hash } from 'node:crypto'
import type { BlobRef } from '../blob-ref.ts'

const MODULUS = 1n << 256n

/** The digest of a set of no files. */
export const EMPTY_DIGEST = '0'.repeat(64)

/**
 * The key of a file, or of anything with a path, in the ledger: 43 characters of base64url, whatever the
 * path holds. Row keys forbid characters that blob names may have, and are shorter than blob names may be.
 */
export function keyOf({ account, container, path }: BlobRef): string {
  return hash('sha256', `${account}/${container}/${path}`, 'base64url')
}

/** SHA-256 of one member: where it lies, which content, how large. 64 hex digits. */
export function memberDigest(ref: BlobRef, etag: string, sizeBytes: number): string {
  return hash('sha256', `${ref.account}/${ref.container}/${ref.path}\n${etag}\n${sizeBytes}`, 'hex')
}

/**
 * The digest of a set with one member more. Members are summed modulo 2^256, so that the order in which
 * events came does not matter and a member can be taken out again without reading the others.
 * It tells sets apart; it is not a proof against someone who can choose the members at will.
 */
export function addMember(digest: string, member: string): string {
  if (digest === EMPTY_DIGEST) return member
  return toHex((BigInt(`0x${digest}`) + BigInt(`0x${member}`)) % MODULUS)
}

/** The digest of a set with one member less. */
export function removeMember(digest: string, member: string): string {
  return toHex((BigInt(`0x${digest}`) - BigInt(`0x${member}`) + MODULUS) % MODULUS)
}

function toHex(value: bigint): string {
  return value.toString(16).padStart(64, '0')
}
