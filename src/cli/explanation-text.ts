/** An explanation as people read it at a terminal. */
import type { FileExplanation, LedgerFacts, RuleExplanation } from '../app/questions/explain.ts'
import { statesOf } from './states.ts'
import { printable } from './terminal/printable.ts'

/** Rules that do not match and are shown; `--json` has more. */
const MISSES_SHOWN = 10

export function formatExplanation(explained: FileExplanation): string {
  const taken = explained.rules.filter(({ result }) => result.kind === 'matched')
  const others = explained.rules.filter(({ result }) => result.kind !== 'matched')
  return [
    ...headOf(explained),
    '',
    ...(explained.isWatched ? [] : notWatched(explained)),
    ...taken.flatMap(rule => [...matched(rule), '']),
    ...others.slice(0, MISSES_SHOWN).flatMap(missed),
    ...restOf(explained, others.length),
    ...(explained.nearest === null ? [] : ['', explained.nearest.advice]),
  ]
    .map(printable)
    .join('\n')
    .trimEnd()
}

function headOf({ file, source, commit, lake, isDirectory }: FileExplanation): string[] {
  const rules = commit === null ? '' : ` at commit ${commit}`
  return [
    file,
    source === 'service'
      ? `  asked     the running service${rules}`
      : `  asked     the rules folder alone${rules}, as no service runs here`,
    ...(lake === null ? [] : [`  lake      ${inLake(lake)}`]),
    ...(isDirectory ? ['  note      the name is that of a directory: directories are never registered'] : []),
  ]
}

export function inLake(lake: NonNullable<FileExplanation['lake']>): string {
  if (lake.state === 'absent') return 'there is no such file'
  if (lake.state === 'unknown') return `not known: ${lake.reason}`
  const copy = lake.isBeingCopied ? ', a copy into it has not ended' : ''
  return `${lake.sizeBytes} bytes, etag ${lake.etag}${copy}`
}

function notWatched({ account, container, nearestContainers, ofOtherContainers }: FileExplanation): string[] {
  const instead = nearestContainers.length === 0 ? '' : `; they name ${nearestContainers.join(', ')}`
  const rules = ofOtherContainers === 1 ? '1 rule' : `${ofOtherContainers} rules`
  return [`No rule names the container ${account}/${container} (${rules}${instead}).`]
}

function matched({ rule, file, line, result, ledger }: RuleExplanation): string[] {
  if (result.kind !== 'matched') return []
  const { role, captures, asset, type, dataPath, workspaces, description, tags } = result
  return [
    `✓ ${rule}  (${file}:${line})`,
    `    asset       ${asset} (${type})${role === 'marker' ? ', as its marker: it closes what has gathered' : ''}`,
    `    points to   ${dataPath === '' ? "the container's root" : dataPath}`,
    `    workspaces  ${workspaces.join(', ')}`,
    ...pairs('captures', captures),
    ...pairs('tags', tags),
    ...(description === undefined ? [] : [`    described   ${description}`]),
    ...(ledger === null ? [] : ledgerLines(ledger)),
  ]
}

function pairs(name: string, values: Readonly<Record<string, string>>): string[] {
  const all = Object.entries(values).map(([key, value]) => `${key} = ${value}`)
  return all.length === 0 ? [] : [`    ${name.padEnd(10)}  ${all.join(', ')}`]
}

function ledgerLines({ recorded, gathering, version, refusal, obstacle }: LedgerFacts): string[] {
  const lines: [string, string][] = []
  if (recorded === null)
    lines.push(['recorded', 'never: no event of this file has been taken in for this asset'])
  else {
    const { at, etag, removed, sequencer } = recorded
    const how = sequencer === null ? 'found in the lake' : `sequencer ${sequencer.replace(/^0+(?=.)/, '')}`
    lines.push(['recorded', `${at}, ${removed ? 'removed' : `etag ${etag}`}, ${how}`])
  }
  if (gathering !== null) {
    const { files, since, dueAt, cause } = gathering
    lines.push(['gathering', `${files} files since ${since}; cut at ${dueAt} (${cause})`])
  }
  if (version !== null) {
    const moved = version.movedTo === null ? '' : `, moved to ${version.movedTo}`
    lines.push([
      'version',
      `${version.version}${moved}, ${version.files === 1 ? '1 file' : `${version.files} files`}, cut at ${version.cutAt} (${version.cause})`,
    ])
    lines.push(['state', statesOf(version.workspaces)])
  }
  if (refusal !== null) lines.push(['refused', `${refusal.at}: ${refusal.reason}`])
  if (obstacle !== null) lines.push(['in the way', obstacle])
  return lines.map(([name, text]) => `    ${name.padEnd(10)}  ${text}`)
}

function missed({ rule, file, line, reason, result, ledger }: RuleExplanation): string[] {
  const matches = result.kind === 'refused' ? 'matches, but ' : ''
  const refusal = ledger?.refusal
  return [
    `✗ ${rule}  (${file}:${line})`,
    `    ${matches}${reason ?? ''}`,
    ...(refusal == null ? [] : [`    refused     ${refusal.at}: ${refusal.reason}`]),
  ]
}

function restOf({ notShown, ofOtherContainers, isWatched }: FileExplanation, missedCount: number): string[] {
  const more = Math.max(0, missedCount - MISSES_SHOWN) + notShown
  return [
    ...(more === 0 ? [] : [`… and ${more} more rules of this container that do not match`]),
    ...(isWatched && ofOtherContainers > 0 ? [`${ofOtherContainers} rules are for other containers`] : []),
  ]
}
