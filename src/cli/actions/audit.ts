import type { AuditCallView } from '../../functions/routes/audit.ts'
import type { ListOptions } from '../command.ts'
import { openService, type Paged } from '../service/client.ts'
import { listUpTo, moreThan, parseLimit } from '../service/listing.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { outputTable, paragraphs } from '../terminal/output.ts'
import type { Cell } from '../terminal/table.ts'
import { formatTable } from '../terminal/table.ts'

export interface AuditOptions extends ListOptions {
  from?: string
  to?: string
}

const SHOWN = 100
const FIRST_ERROR_STATUS = 400

/** Prints who changed what through the API, newest first. */
export async function audit(options: AuditOptions): Promise<void> {
  const { from, to, json } = options
  const limit = parseLimit(options.limit, SHOWN)
  const service = await openService(options)
  const listing = await listUpTo(service, 'audit', {
    limit,
    query: { from, to },
    itemsOf: (page: Paged & { calls: AuditCallView[] }) => page.calls,
  })
  if (json) console.log(toJsonText({ calls: listing.items, more: listing.isMore }))
  else if (listing.items.length === 0) console.log('Nobody has changed anything in this time.')
  else {
    const headings = ['AT', 'WHO', 'FROM', 'OUTCOME', 'DID', 'WITH']
    const table = formatTable(headings, listing.items.map(rowOf), outputTable())
    console.log(paragraphs(table, moreThan(listing)))
  }
}

function rowOf({ at, caller, address, outcome, route, parameters }: AuditCallView): Cell[] {
  const who = caller.name ?? caller.id ?? caller.app
  const given = Object.entries(parameters).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return [
    at,
    who === null ? caller.kind : `${who} (${caller.kind})`,
    address ?? '',
    outcomeCell(outcome),
    route,
    given.join(' '),
  ]
}

function outcomeCell(outcome: AuditCallView['outcome']): Cell {
  if (outcome === null) return { text: 'not recorded', style: 'yellow' }
  const problem = outcome.problem?.replace(/^urn:lakemark:/, '')
  if (outcome.status < FIRST_ERROR_STATUS) return String(outcome.status)
  return { text: `${outcome.status}${problem === undefined ? '' : ` ${problem}`}`, style: 'red' }
}
