/** All that is known of one file as people read it at a terminal. */
import type { FileInAsset, FileKnowledge, MatchView } from '../app/questions/file-knowledge.ts'
import { inLake } from './explanation-text.ts'
import { statesCell } from './states.ts'
import { paragraphs } from './terminal/output.ts'
import { printable } from './terminal/printable.ts'
import { formatTable, type TableOptions } from './terminal/table.ts'

export function formatFile(known: FileKnowledge, isMore: boolean, table: TableOptions): string {
  const { file, lake, isWatched, isDirectory, rules, assets, refusals } = known
  const facts = [
    file,
    ...(lake === null ? [] : [`  lake      ${inLake(lake)}`]),
    ...(isDirectory ? ['  note      the name is that of a directory: directories are never registered'] : []),
    ...(isWatched ? [] : ['  note      no rule in force names its container']),
    ...rules.map(it => `  rule      ${ruleLine(it)}`),
    ...(isWatched && rules.length === 0
      ? ['  rule      none in force takes it; lakemark explain says why']
      : []),
    ...refusals.map(({ rule, reason, at }) => `  refused   ${at} by ${rule}: ${reason}`),
  ]
  return paragraphs(
    ...facts.map(printable),
    ...assets.map(it => `\n${formatInAsset(it, table)}`),
    isMore ? '\n… and more; --limit shows more' : '',
  )
}

function ruleLine({ rule, role, asset, workspaces, reason }: MatchView): string {
  if (asset === null || role === null) return `${rule}: ${reason ?? 'makes nothing of it'}`
  return `${rule} → ${asset}${role === 'marker' ? ', as its marker' : ''} in ${workspaces.join(', ')}`
}

function originOf(versions: FileInAsset['versions']): string {
  if (versions.length === 0) return 'by a former rule or on request'
  const isAsked = versions.map(({ cause }) => cause === 'requested')
  if (isAsked.every(it => it)) return 'registered on request'
  return isAsked.some(it => it) ? 'by former rules and on request' : 'by former rules'
}

function formatInAsset(known: FileInAsset, table: TableOptions): string {
  const { asset, type, rules, lastSeen, gathering, versions, hasMoreVersions, obstacle, unreadable } = known
  const facts = [
    `${asset}${type === null ? ', which does not exist yet' : ` (${type})`}`,
    ...(rules.length === 0 ? [`  note      ${originOf(versions)}; no rule in force makes it`] : []),
    lastSeen === null
      ? '  recorded  never: no event of this file has been taken in for this asset'
      : `  recorded  ${lastSeen.at}, ${lastSeen.removed ? 'removed' : `etag ${lastSeen.etag}, ${lastSeen.sizeBytes} bytes`}`,
    ...(gathering === null
      ? []
      : [
          `  waiting   ${gathering.files} files since ${gathering.since}; cut at ${gathering.dueAt} (${gathering.cause})`,
        ]),
    ...(obstacle === null ? [] : [`  obstacle  ${obstacle}`]),
    ...(unreadable === null ? [] : [`  trouble   ${unreadable}`]),
  ]
  const rows = versions.map(({ version, cutAt, sizeBytes, etag, current, movedTo, workspaces }) => [
    String(version),
    cutAt,
    String(sizeBytes),
    etag,
    current ? 'newest' : 'overwritten',
    movedTo === null ? statesCell(workspaces) : `number taken by someone else, now version ${movedTo}`,
  ])
  const headings = ['VERSION', 'CUT', 'SIZE', 'ETAG', 'CONTENT', 'WORKSPACES']
  return paragraphs(
    ...facts.map(printable),
    rows.length === 0 ? '' : formatTable(headings, rows, table),
    hasMoreVersions ? '… and older versions; lakemark assets shows them' : '',
  )
}
