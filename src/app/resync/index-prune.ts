import { isOfTarget, lastUseOf } from '../../core/register/target-index.ts'
import { endOfPrefix, sortTextOf } from '../../core/resync/name-order.ts'
import { planPlaces } from '../../core/resync/parts.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import type { Log } from '../ports.ts'
import type { IndexPlace, ListingIndex, RunStore } from './ports.ts'

const ROWS_PER_PAGE = 100
/** Of one place, in one go: the rest is removed the next day. */
const MAX_READS = 2000

interface Dependencies {
  store: Pick<RunStore, 'read'>
  index: ListingIndex
  rules: () => { rules: RuleSet }
  log: Log
}

/** Names from the one text on, and before the other; undefined: to the end. */
interface Span {
  from: string
  end: string | undefined
}

/**
 * Removes rows of the index of which the rules list nothing any more: of containers that no rule watches, and of
 * folders that none names. Whoever has other rules meanwhile compares anew, and that is all.
 */
export function createIndexPrune({ store, index, rules, log }: Dependencies) {
  return async function forgetPlaces(): Promise<void> {
    let removed = 0
    for (const place of await index.places()) {
      if (!(await isInUse(place))) removed += await forgetRows(place, spansOf(place))
    }
    if (removed > 0) log.info('rows of the index that nobody reads any more were removed', { removed })
  }

  /** Of what requests have registered, nothing is told by the rules, but by when that was. */
  async function isInUse({ account, container }: IndexPlace): Promise<boolean> {
    return (
      isOfTarget(container) && (await store.read('ground', '', lastUseOf(account, container))) !== undefined
    )
  }

  /** What a run over everything lists of the container, in the order of the rows. */
  function spansOf({ account, container, order }: IndexPlace): Span[] {
    const active = rules().rules
    return planPlaces(active.rules, '', active)
      .filter(place => place.account === account && place.container === container)
      .map(({ prefix }) => sortTextOf(prefix, order))
      .map(from => ({ from, end: endOfPrefix(from) }))
  }

  async function forgetRows(place: IndexPlace, all: readonly Span[]): Promise<number> {
    let removed = 0
    let from = ''
    let continuation: string | undefined
    for (let reads = 0; reads < MAX_READS; reads += 1) {
      const page = await index.read(place, from, { limit: ROWS_PER_PAGE, continuation })
      const bounds = page.items.map(({ bound }) => bound)
      const spans = bounds.map(bound =>
        all.find(({ from, end }) => bound >= from && (end === undefined || bound < end)),
      )
      const kept = spans.findIndex(span => span !== undefined)
      const orphans = kept < 0 ? bounds : bounds.slice(0, kept)
      if (orphans.length > 0) await index.change(place, [], orphans)
      removed += orphans.length
      if (kept < 0) {
        continuation = page.continuation
        if (continuation === undefined) break
        continue
      }
      const end = spans[kept]?.end
      if (end === undefined) break
      from = end
      continuation = undefined
    }
    return removed
  }
}
