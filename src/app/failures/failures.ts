import { PermanentError, reasonOf } from '../../core/errors.ts'
import { MINUTE, SECOND } from '../../core/time.ts'
import type { Announcer } from '../announcer.ts'
import type { createRetry } from '../delivery/retry.ts'
import type { Intake, MatchingRules } from '../intake/intake.ts'
import type { Clock, Lake, Ledger, Log, Page, PageRequest } from '../ports.ts'
import { createFailedDeliveries } from './failed-deliveries.ts'
import {
  deliveryIn,
  type Failure,
  type FailureCount,
  type FailuresWanted,
  type RetryOutcome,
  type RetryReport,
  type RetrySelection,
  refusalIn,
} from './failure.ts'
import type { FailureIndex } from './ports.ts'
import { createRefusedFiles } from './refused-files.ts'

/** Pages of the ledger that one request looks at where its filter leaves nothing of them. */
const PAGES_PER_REQUEST = 10
/** Of such a page: each row may be an asset of its own, of which the ledger is asked. */
const ROWS_PER_PAGE = 200
/** No further page is begun later than this after a request has begun. */
const REQUEST_MS = 8 * SECOND
const RETRIED_PER_CALL = 200
const COUNTED = 1000
/** No page is begun later than this after the cleaning has begun, so that it ends within a function's time. */
const CLEANING_MS = 3 * MINUTE

interface Dependencies {
  rules: () => MatchingRules
  ledger: Ledger
  failureIndex: FailureIndex
  retry: ReturnType<typeof createRetry>
  intake: Intake
  announcer: Announcer
  lake: Lake
  clock: Clock
  log: Log
}

/** Where the list is gone through: failed deliveries first, then what was refused. */
type Source = 'deliveries' | 'refusals'
type Through<T> = Record<Source, (wanted: FailuresWanted, page: PageRequest) => Promise<Page<T>>>

/** All that has failed, in one list: what it is, and what becomes of it. */
export function createFailures(dependencies: Dependencies) {
  const { ledger, failureIndex, clock, log } = dependencies
  const deliveries = createFailedDeliveries(dependencies)
  const refused = createRefusedFiles(dependencies)
  /** Where the last cleaning ended. */
  let resumeAt: string | undefined

  /** A page may hold fewer than asked for, even none, and not be the last. */
  function list(wanted: FailuresWanted, page: PageRequest): Promise<Page<Failure>> {
    return goThrough(wanted, page, { deliveries: deliveries.list, refusals: refused.list }, timer())
  }

  /** The rule whose operators may try it again. Undefined: it is no rule's, or there is no such failure. */
  async function ruleOf(id: string): Promise<string | undefined> {
    const delivery = deliveryIn(id)
    if (delivery !== undefined) return deliveries.ruleOf(delivery)
    const found = await readRefusal(id)
    return found && refused.ruleOf(found)
  }

  /**
   * Tries again one failure, or those of one page of the list. `mayRetry`: whether the caller may operate a rule;
   * undefined: it is no rule's. Answers undefined where there is no failure of that id.
   */
  async function retry(
    selection: RetrySelection,
    options: { continuation: string | undefined; mayRetry: (rule: string | undefined) => boolean },
  ): Promise<RetryReport | undefined> {
    const { continuation, mayRetry } = options
    const { items, continuation: next } =
      'id' in selection
        ? { items: await retryOne(selection.id), continuation: undefined }
        : await goThrough(
            selection.filter,
            { limit: RETRIED_PER_CALL, continuation },
            {
              deliveries: (wanted, page) => deliveries.retry(wanted, page, mayRetry),
              refusals: (wanted, page) => refused.retry(wanted, page, mayRetry),
            },
            timer(),
          )
    return items && { ...sum(items), continuation: next }
  }

  async function retryOne(id: string): Promise<RetryOutcome[] | undefined> {
    const delivery = deliveryIn(id)
    if (delivery !== undefined) return (await deliveries.retryOne(delivery)) ? ['started'] : undefined
    const found = await readRefusal(id)
    return found && [await refused.retryOne(found)]
  }

  async function readRefusal(id: string) {
    const place = refusalIn(id)
    return place && ledger.readRefusal(place.rule, place.key)
  }

  /**
   * Strikes off what is no longer true, and has files looked at again whose refusal may have lost its cause. In
   * bounded time: the next call goes on where this one ended. Trouble is logged.
   */
  async function clean(): Promise<void> {
    const endsAt = clock.now() + CLEANING_MS
    const outcomes: RetryOutcome[] = []
    try {
      do {
        const page = { limit: RETRIED_PER_CALL, continuation: resumeAt }
        // Should it no longer be good, the next call begins at the beginning.
        resumeAt = undefined
        const through: Through<RetryOutcome> = {
          deliveries: async (wanted, page) => ({ ...(await deliveries.list(wanted, page)), items: [] }),
          refusals: refused.clean,
        }
        const cleaned = await goThrough({}, page, through, timer())
        outcomes.push(...cleaned.items)
        resumeAt = cleaned.continuation
      } while (resumeAt !== undefined && clock.now() < endsAt)
    } catch (error) {
      log.warn('the list of failures could not be cleaned', { reason: reasonOf(error) })
    }
    const { started, cleared, left } = sum(outcomes)
    if (started + cleared > 0) log.info('the list of failures was cleaned', { started, cleared, left })
  }

  /** Two requests, however many there are. */
  async function count(): Promise<FailureCount> {
    const [noted, listed] = await Promise.all([
      failureIndex.list({}, { limit: COUNTED }),
      ledger.listRefusals({ limit: COUNTED }),
    ])
    const kinds = listed.items.map(refused.kindOf)
    const of = (wanted: string) => kinds.filter(kind => kind === wanted).length
    return {
      counts: {
        delivery: noted.items.length,
        refusal: of('refusal'),
        message: of('message'),
        'dead-letter': of('dead-letter'),
      },
      isAtLeast: noted.continuation !== undefined || listed.continuation !== undefined,
    }
  }

  function timer(): () => boolean {
    const begun = clock.now()
    return () => clock.now() - begun >= REQUEST_MS
  }

  return { note: deliveries.note, list, ruleOf, retry, clean, count }
}

/** One page of both sources: what is found is answered, or where to go on. One page of the ledger is always looked at. */
async function goThrough<T>(
  wanted: FailuresWanted,
  { limit, continuation }: PageRequest,
  through: Through<T>,
  isTimeUp: () => boolean,
): Promise<Page<T>> {
  const { kind, workspace } = wanted
  const sources: Source[] = [
    ...(kind === undefined || kind === 'delivery' ? (['deliveries'] as const) : []),
    ...(kind !== 'delivery' && workspace === undefined ? (['refusals'] as const) : []),
  ]
  let place = continuation === undefined ? beginning(sources[0]) : placeIn(continuation, sources)
  const items: T[] = []
  for (let pages = 0; place !== undefined && pages < PAGES_PER_REQUEST && items.length < limit; pages += 1) {
    if (pages > 0 && isTimeUp()) break
    const { source, token }: Place = place
    const rows = Math.min(ROWS_PER_PAGE, limit - items.length)
    const page = await through[source](wanted, { limit: rows, continuation: token })
    items.push(...page.items)
    place =
      page.continuation === undefined
        ? beginning(sources[sources.indexOf(source) + 1])
        : { source, token: page.continuation }
  }
  return { items, continuation: place && `${place.source}.${place.token ?? ''}` }
}

interface Place {
  source: Source
  token: string | undefined
}

function beginning(source: Source | undefined): Place | undefined {
  return source && { source, token: undefined }
}

function placeIn(continuation: string, sources: readonly Source[]): Place {
  const [, name, token] = /^([a-z]+)\.(.*)$/s.exec(continuation) ?? []
  const source = sources.find(it => it === name)
  if (source === undefined) {
    throw new PermanentError('continuation: not one that was given out for this filter; begin without it')
  }
  return { source, token: token === '' ? undefined : token }
}

function sum(outcomes: readonly RetryOutcome[]): Record<RetryOutcome, number> {
  const of = (wanted: RetryOutcome) => outcomes.filter(outcome => outcome === wanted).length
  return { started: of('started'), cleared: of('cleared'), left: of('left'), notAllowed: of('notAllowed') }
}
