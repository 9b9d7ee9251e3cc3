import * as z from 'zod'
import { type ParsedAddress, parseBlobAddress, toBlobRef } from '../../core/blob-url.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'

/** More than an address may have, of which the parser of addresses tells better what is wrong. */
const MAX_ADDRESS_LENGTH = 16 * 1024

const part = z.string().max(MAX_ADDRESS_LENGTH, 'is too long').optional()

/** The query of every route that is asked about one file. */
export const BLOB_ADDRESS = {
  url: part.describe(
    'https://…, abfss://…, wasbs://…, account/container/path, or container/path as the rules name it.',
  ),
  account: part.describe('With container and path, instead of url.'),
  container: part,
  path: part.describe('Without any encoding of ours.'),
}

/** The file that is asked about, as the rules know containers. */
export function parseAddress(
  { url, account, container, path }: Partial<Record<keyof typeof BLOB_ADDRESS, string | undefined>>,
  { rules: watched, cloud }: Pick<RuleSet, 'rules' | 'cloud'>,
): ParsedAddress {
  if (url !== undefined) return named('url', parseBlobAddress(url, watched, cloud))
  if (account === undefined || container === undefined || path === undefined) {
    return { problem: 'expected ?url=, or ?account=&container=&path=' }
  }
  return named('account, container, path', toBlobRef(account, container, path))
}

function named(what: string, parsed: ParsedAddress): ParsedAddress {
  return 'problem' in parsed ? { problem: `${what}: ${parsed.problem}` } : parsed
}
