/** Failures as people read them at a terminal. */
import type { Failure, FailureKind } from '../app/failures/failure.ts'
import { formatTable, type TableOptions } from './terminal/table.ts'

const WORDS: Readonly<Record<FailureKind, string>> = {
  delivery: 'failed',
  refusal: 'refused',
  message: 'could not be worked on',
  'dead-letter': 'could not be read',
}

/** `refused: account/container/path (rule r): why` */
export function failureLine({ kind, file, asset, rule, reason }: Failure): string {
  const what = file ?? asset
  const of = rule === null ? '' : ` (rule ${rule})`
  return what === null ? `${WORDS[kind]}${of}: ${reason}` : `${WORDS[kind]}: ${what}${of}: ${reason}`
}

export function formatFailures(failures: readonly Failure[], table: TableOptions): string {
  const rows = failures.map(it => [it.kind, whatOf(it), it.rule ?? '', it.since, it.id, it.reason])
  return formatTable(['KIND', 'WHAT', 'RULE', 'SINCE', 'ID', 'REASON'], rows, table)
}

/** `sales-eu 3 → ml-retail`, or the file. */
function whatOf({ file, asset, version, workspace }: Failure): string {
  if (asset === null || version === null) return file ?? asset ?? ''
  return `${asset} ${version}${workspace === null ? '' : ` → ${workspace}`}`
}
