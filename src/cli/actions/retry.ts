import type { FailureKind, RetryOutcome } from '../../app/failures/failure.ts'
import type { JsonOption, ServiceOptions } from '../command.ts'
import { openService, type Paged, type Service } from '../service/client.ts'
import { namingNear, warnOfUnknown } from '../service/near-names.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { note } from '../terminal/output.ts'
import { printable } from '../terminal/printable.ts'
import { createProgress } from '../terminal/progress.ts'
import { UsageError } from '../usage-error.ts'

export interface RetryOptions extends JsonOption, ServiceOptions {
  id?: string
  kind?: FailureKind
  rule?: string
  workspace?: string
  all?: boolean
}

type Counts = Record<RetryOutcome, number>

const USAGE = 'name an asset, or say which failures: --id, --rule, --workspace, --kind or --all'
/** More than any list of failures is long. */
const MAX_PAGES = 1_000_000

/** Makes what has failed pending again, and says how much that was. */
export async function retry(asset: string | undefined, options: RetryOptions): Promise<void> {
  const { id, kind, rule, workspace, all, json = false } = options
  const hasFilter = [kind, rule, workspace, asset].some(it => it !== undefined)
  const ways = [id !== undefined, all === true, hasFilter].filter(Boolean).length
  if (ways === 0) throw new UsageError(USAGE, 2)
  if (ways > 1) throw new UsageError(`give one way to say which: ${USAGE}`, 2)
  const service = await openService(options)
  if (asset !== undefined && kind === undefined && rule === undefined && workspace === undefined) {
    return retryAsset(service, asset, json)
  }
  const wanted = id === undefined ? { kind, rule, workspace, asset, all } : { id }
  const counts = await retryAll(service, wanted)
  console.log(json ? toJsonText(counts) : printable(sentence(counts)))
  if (!json && counts.started + counts.cleared + counts.left + counts.notAllowed === 0) {
    note(await warnOfUnknown(service, 'rules', rule))
    note(await warnOfUnknown(service, 'workspaces', workspace))
  }
}

async function retryAsset(service: Service, asset: string, json: boolean): Promise<void> {
  const answer = await namingNear(service, 'assets', asset, () =>
    service.call<{ asset: string; versions: number }>('retryAsset', { params: { name: asset } }),
  )
  const { versions } = answer
  const outcome =
    versions === 0
      ? 'nothing has failed'
      : `${versions === 1 ? 'one version is' : `${versions} versions are`} tried again`
  console.log(json ? toJsonText(answer) : printable(`${asset}: ${outcome}`))
}

/** Page by page, as the service takes only so many at once. */
async function retryAll(service: Service, wanted: Record<string, unknown>): Promise<Counts> {
  const counts: Counts = { started: 0, cleared: 0, left: 0, notAllowed: 0 }
  const progress = createProgress(process.stderr)
  let continuation: string | null = null
  try {
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const body: Record<string, unknown> = continuation === null ? wanted : { ...wanted, continuation }
      const report: Counts & Paged = await service.call<Counts & Paged>('retryFailures', { body })
      for (const name of Object.keys(counts) as RetryOutcome[]) counts[name] += report[name]
      progress.show(sentence(counts))
      continuation = report.continuation
      if (continuation === null) return counts
    }
  } finally {
    progress.clear()
  }
  throw new UsageError('there is no end to what has failed; try again with a filter')
}

function sentence({ started, cleared, left, notAllowed }: Counts): string {
  const told = [
    ...(started > 0 ? [`${started} tried again`] : []),
    ...(cleared > 0 ? [`${cleared} no longer in the way`] : []),
    ...(left > 0 ? [`${left} where nothing could be done; lakemark failures says why`] : []),
    ...(notAllowed > 0 ? [`${notAllowed} of rules that others operate`] : []),
  ]
  return told.length === 0 ? 'nothing has failed' : told.join(', ')
}
