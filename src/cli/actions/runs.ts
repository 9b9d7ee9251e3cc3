import type { Finding } from '../../app/resync/ports.ts'
import type { RunView } from '../../app/resync/run-view.ts'
import type { ListOptions } from '../command.ts'
import { formatRun, formatRuns, summaryOf } from '../run-text.ts'
import { openService, type Paged, type Service } from '../service/client.ts'
import { listUpTo, moreThan, parseLimit } from '../service/listing.ts'
import { namingNear } from '../service/near-names.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { outputTable, paragraphs } from '../terminal/output.ts'
import { formatTable } from '../terminal/table.ts'
import { UsageError } from '../usage-error.ts'
import { followRun } from './run-follow.ts'

export interface RunsOptions extends ListOptions {
  follow?: boolean
  cancel?: boolean
  findings?: boolean
}

/** As the API answers it. */
type FindingShown = Omit<Finding, 'at'> & { at: string }

const RUNS_SHOWN = 20

/** Prints the newest runs, or one; or follows or cancels it, or prints what it has found in Azure ML. */
export async function runs(id: string | undefined, options: RunsOptions): Promise<void> {
  const { json = false, follow, cancel, findings } = options
  const chosen = [follow && '--follow', cancel && '--cancel', findings && '--findings'].filter(Boolean)
  if (chosen.length > 1) throw new UsageError(`give one of ${chosen.join(', ')}`, 2)
  if (id === undefined && chosen.length > 0) {
    throw new UsageError(`${chosen[0]} needs the id of a run, which lakemark runs shows`, 2)
  }
  const limit = parseLimit(options.limit, id === undefined ? RUNS_SHOWN : undefined)
  const service = await openService(options)
  if (id === undefined) return list(service, limit, json)
  await namingNear(service, 'runs', id, async () => {
    if (findings) return listFindings(service, id, limit, json)
    const run = await service.call<RunView>(cancel ? 'cancelRun' : 'run', { params: { id } })
    if (follow) return followRun(service, run, json)
    if (json) console.log(toJsonText(run))
    else console.log(cancel ? summaryOf(run) : formatRun(run, Date.now()))
  })
}

async function list(service: Service, limit: number, json: boolean): Promise<void> {
  const listing = await listUpTo(service, 'runs', {
    limit,
    itemsOf: (page: Paged & { runs: RunView[] }) => page.runs,
  })
  if (json) console.log(toJsonText({ runs: listing.items, more: listing.isMore }))
  else if (listing.items.length === 0) console.log('No re-sync runs yet. lakemark resync starts one.')
  else console.log(paragraphs(formatRuns(listing.items, outputTable()), moreThan(listing)))
}

async function listFindings(service: Service, id: string, limit: number, json: boolean): Promise<void> {
  const listing = await listUpTo(service, 'runFindings', {
    params: { id },
    limit,
    itemsOf: (page: Paged & { findings: FindingShown[] }) => page.findings,
  })
  if (json) console.log(toJsonText({ findings: listing.items, more: listing.isMore }))
  else if (listing.items.length === 0) {
    console.log('Nothing was found that differs; only a run with --verify looks for it.')
  } else {
    const rows = listing.items.map(({ asset, version, workspace, kind, detail }) => [
      asset,
      version === undefined ? '' : String(version),
      workspace,
      kind,
      detail,
    ])
    const headings = ['ASSET', 'VERSION', 'WORKSPACE', 'FOUND', 'DETAIL']
    console.log(paragraphs(formatTable(headings, rows, outputTable()), moreThan(listing)))
  }
}
