/**
 * How the ledger's things stand as rows of Table Storage. One partition per asset:
 *   head               the head
 *   f!<file key>       the newest that is known of a file
 *   g!<target>         what gathers for a data path
 *   m!<cut>!<file key> a file as it was in an older cut, once newer content took its row
 *   v!<ordinal>        a version
 * and, apart from the assets (whose names begin with a letter or digit), per rule:
 *   !refused!<rule> / <file key>
 * and per subscription what may still be sent to it:
 *   !budget!<subscription> / reads, writes
 * and of datastores with a credential, when each is to be looked at in each workspace:
 *   !datastores / <workspace>!<account>!<container>
 * Rows carry their content as JSON; what queries filter by stands in a column of its own.
 */
import type { TableEntity } from '@azure/data-tables'
import type { Refusal } from '../app/ports.ts'
import type { BudgetState, RequestKind } from '../core/arm-budget.ts'
import type { AssetHead, FileState, Gathering, Member, Version } from '../core/asset/asset.ts'
import { UnreadableError } from '../core/errors.ts'
import { faultOf, type Shape } from './ledger-content.ts'
import type { WrittenRow } from './table-transaction.ts'

export const HEAD = 'head'
export const REFUSED = '!refused!'
export const BUDGET = '!budget!'
export const DATASTORES = '!datastores'
/** Sorts behind everything that begins with the same prefix: row keys hold characters of ASCII only. */
export const AFTER = '~'

export type Row = TableEntity<Record<string, unknown>>

const FILE = 'f!'
export const fileRow = (key: string) => `${FILE}${key}`
export const gatheringRow = (target: string) => `g!${target}`
export const versionRow = (ordinal: number) => `v!${padded(ordinal)}`
export const FORMER_MEMBERS = 'm!'
export const memberPrefix = (cut: number) => `${FORMER_MEMBERS}${padded(cut)}!`

/** First and last row key, inclusive, of all that begin with the prefix. */
export function rangeOf(prefix: string): { from: string; to: string } {
  return { from: prefix, to: prefix + AFTER }
}

export const fromHead = (asset: string, head: AssetHead): WrittenRow => rowOf(asset, HEAD, head)
/** By far the most rows are of files: their JSON holds nothing that stands beside it, or goes without saying. */
export function fromFile(asset: string, { key, cut, removed, ...content }: FileState): WrittenRow {
  return { ...rowOf(asset, fileRow(key), removed ? { ...content, removed } : content), cut }
}
const besideFile = ({ rowKey, cut }: Record<string, unknown>) => ({
  key: String(rowKey).slice(FILE.length),
  cut,
  removed: false,
})
export const fromGathering = (asset: string, gathering: Gathering): WrittenRow =>
  rowOf(asset, gatheringRow(gathering.target), gathering)
export const fromVersion = (asset: string, version: Version): WrittenRow => ({
  ...rowOf(asset, versionRow(version.ordinal), version),
  cut: version.cut,
})
export const fromMember = (asset: string, member: Member): WrittenRow => ({
  ...rowOf(asset, `${memberPrefix(member.cut)}${member.key}`, member),
  file: member.key,
})
export const fromRefusal = (refusal: Refusal, since: number): WrittenRow =>
  rowOf(`${REFUSED}${refusal.rule}`, refusal.key, { ...refusal, since })

export const fromBudget = (subscription: string, kind: RequestKind, state: BudgetState): WrittenRow =>
  rowOf(`${BUDGET}${subscription}`, kind, state)

/** ASCII only: sizes are what they seem, and no column can end in the middle of a character. */
function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Written into every row, so that a later layout can tell. */
const LAYOUT = 1
/** A string property holds 32 Ki characters at most. */
const CHUNK = 30_000
/** A row holds 1 MiB, and a JSON of that size is a defect. */
const MAX_CHUNKS = 16

/** A row that carries a value as JSON. Throws where it is too large for one. */
export function rowOf(partitionKey: string, rowKey: string, value: unknown): WrittenRow {
  const json = toAsciiJson(value)
  const chunks: Record<string, string> = {}
  for (let index = 0; index * CHUNK < json.length; index += 1) {
    chunks[`data${index}`] = json.slice(index * CHUNK, (index + 1) * CHUNK)
  }
  if (json.length > CHUNK * MAX_CHUNKS) throw new Error(`row ${partitionKey}/${rowKey} is too large`)
  return { partitionKey, rowKey, layout: LAYOUT, ...chunks }
}

/**
 * The content of a row. Throws UnreadableError, which names the row, where it was written by a layout that this
 * version does not know, or by something else altogether.
 */
export function contentOf<T>(
  entity: Record<string, unknown>,
  shape?: Shape,
  faultIn = (content: unknown) => (shape === undefined ? undefined : faultOf(content, shape)),
): T {
  const name = `${String(entity['partitionKey'])}/${String(entity['rowKey'])}`
  if (entity['layout'] !== LAYOUT) {
    throw new UnreadableError(
      `ledger row ${name} has layout ${String(entity['layout'])}; this version reads layout ${LAYOUT}`,
    )
  }
  let json = ''
  for (let index = 0; index < MAX_CHUNKS; index += 1) {
    const chunk = entity[`data${index}`]
    if (typeof chunk !== 'string') break
    json += chunk
  }
  const written = parsed(json, name)
  const content = String(entity['rowKey']).startsWith(FILE) ? { ...besideFile(entity), ...written } : written
  const fault = faultIn(content)
  if (fault !== undefined)
    throw new UnreadableError(`ledger row ${name} is no ${shape ?? 'document of ours'}: ${fault}`)
  return content as T
}

function parsed(json: string, name: string): object {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new UnreadableError(`ledger row ${name} does not hold JSON`, { cause })
  }
}

function padded(value: number): string {
  return String(value).padStart(16, '0')
}
