import type { Failure } from '../../app/failures/failure.ts'
import type { ListOptions } from '../command.ts'
import { formatFailures } from '../failure-text.ts'
import { openService, type Paged } from '../service/client.ts'
import { listUpTo, moreThan, parseLimit } from '../service/listing.ts'
import { warnOfUnknown } from '../service/near-names.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { note, outputTable, paragraphs } from '../terminal/output.ts'

export interface FailuresOptions extends ListOptions {
  kind?: string
  rule?: string
  workspace?: string
  asset?: string
  q?: string
}

const SHOWN = 100

/** Prints what has failed for good, with its reason. */
export async function failures(options: FailuresOptions): Promise<void> {
  const { json, kind, rule, workspace, asset, q } = options
  const limit = parseLimit(options.limit, SHOWN)
  const service = await openService(options)
  const listing = await listUpTo(service, 'failures', {
    limit,
    query: { kind, rule, workspace, asset, q },
    itemsOf: (page: Paged & { failures: Failure[] }) => page.failures,
  })
  if (json) return console.log(toJsonText({ failures: listing.items, more: listing.isMore }))
  if (listing.items.length > 0) {
    const table = formatFailures(listing.items, outputTable())
    return console.log(paragraphs(table, moreThan(listing), 'lakemark retry tries them again.'))
  }
  const isFiltered = [kind, rule, workspace, asset, q].some(it => it !== undefined)
  console.log(isFiltered ? 'Nothing like that has failed.' : 'Nothing has failed.')
  note(await warnOfUnknown(service, 'rules', rule))
  note(await warnOfUnknown(service, 'workspaces', workspace))
  note(await warnOfUnknown(service, 'assets', asset))
}
