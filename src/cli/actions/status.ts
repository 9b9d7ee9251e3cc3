import type { Failure, FailureKind } from '../../app/failures/failure.ts'
import type { AssetSummary } from '../../app/questions/asset-views.ts'
import type { UnreadableAsset } from '../../app/questions/assets.ts'
import { formatAssets } from '../asset-text.ts'
import type { ListOptions } from '../command.ts'
import { failureLine } from '../failure-text.ts'
import { openService, type Paged, type Service } from '../service/client.ts'
import { type Listing, listUpTo, moreThan, parseLimit } from '../service/listing.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { outputTable, paragraphs } from '../terminal/output.ts'
import { printable } from '../terminal/printable.ts'
import { showAsset } from './asset.ts'

/** Of each kind, as many as are told one by one; `lakemark failures` has all. */
const FAILURES_SHOWN = 20
/** Failed deliveries are told by the states of their assets. */
const KINDS: readonly FailureKind[] = ['refusal', 'message', 'dead-letter']

const NO_ASSETS = 'No assets yet. lakemark explain CONTAINER/PATH says what becomes of a file, and why.'

/** Prints all assets and what cannot become one, or one asset with its versions. */
export async function status(asset: string | undefined, options: ListOptions): Promise<void> {
  const limit = parseLimit(options.limit)
  const service = await openService(options)
  if (asset !== undefined) return showAsset(service, asset, options)
  const { unreadable, ...assets } = await listAssets(service, limit)
  const failures = await Promise.all(KINDS.map(kind => failuresOf(service, kind)))
  if (options.json) {
    const isMore = assets.isMore || failures.some(it => it.isMore)
    const told = failures.flatMap(({ items }) => items)
    console.log(toJsonText({ assets: assets.items, unreadable, failures: told, more: isMore }))
    return
  }
  console.log(
    paragraphs(
      assets.items.length === 0 ? NO_ASSETS : formatAssets(assets.items, outputTable()),
      moreThan(assets),
      ...unreadable.map(({ name, reason }) => printable(`unreadable: ${name}: ${reason}`)),
      ...failures.flatMap(({ items }) => items.map(it => printable(failureLine(it)))),
      failures.some(it => it.isMore) ? '… and more; lakemark failures shows them' : '',
    ),
  )
}

/** Assets in the order of their names, and what could not be read among them. */
export async function listAssets(
  service: Service,
  limit: number,
  query: Record<string, string | undefined> = {},
): Promise<Listing<AssetSummary> & { unreadable: UnreadableAsset[] }> {
  const unreadable: UnreadableAsset[] = []
  const listing = await listUpTo(service, 'assets', {
    limit,
    query,
    itemsOf(page: Paged & { assets: AssetSummary[]; unreadable: UnreadableAsset[] }) {
      unreadable.push(...page.unreadable)
      return page.assets
    },
  })
  return { ...listing, unreadable }
}

function failuresOf(service: Service, kind: FailureKind): Promise<Listing<Failure>> {
  return listUpTo(service, 'failures', {
    limit: FAILURES_SHOWN,
    query: { kind },
    itemsOf: (page: Paged & { failures: Failure[] }) => page.failures,
  })
}
