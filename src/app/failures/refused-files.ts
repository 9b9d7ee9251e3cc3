import { reasonOf } from '../../core/errors.ts'
import { isAssetName } from '../../core/naming.ts'
import { isFromRequest } from '../../core/register/request.ts'
import { DAY, MINUTE } from '../../core/time.ts'
import { fromQueueText } from '../../core/work-message.ts'
import type { Announcer } from '../announcer.ts'
import { forEachAtMost } from '../concurrency.ts'
import { DEAD_LETTER_RULE } from '../intake/dead-letters.ts'
import type { Intake, MatchingRules } from '../intake/intake.ts'
import { POISON_RULE } from '../intake/poison.ts'
import type { Clock, KnownRefusal, Lake, Ledger, Log, Page, PageRequest } from '../ports.ts'
import {
  type Failure,
  type FailureKind,
  type FailuresWanted,
  holds,
  type RetryOutcome,
  refusalId,
} from './failure.ts'

const AT_ONCE = 8
/** A process that does not have the newest rules yet does not judge by them what another has refused just now. */
const RULES_LAG_MS = MINUTE
/** A listing that failed is announced again by itself; one that has not failed anew for so long has come through. */
const LISTING_IS_OVER_MS = DAY

interface Dependencies {
  rules: () => MatchingRules
  ledger: Pick<Ledger, 'listRefusals' | 'removeRefusals' | 'readWork' | 'readFiles'>
  intake: Pick<Intake, 'change'>
  announcer: Announcer
  lake: Pick<Lake, 'head'>
  clock: Clock
  log: Log
}

/** Files that cannot be registered, and what else is shown among them: messages and dead letters. */
export function createRefusedFiles({ rules, ledger, intake, announcer, lake, clock, log }: Dependencies) {
  async function list(wanted: FailuresWanted, page: PageRequest): Promise<Page<Failure>> {
    const { items, continuation } = await find(wanted, page)
    const failures = items.map(toFailure)
    return {
      items: failures.filter(({ asset, file, reason }) => holds(wanted.q, asset, file, reason)),
      continuation,
    }
  }

  /** Without `q`. */
  async function find({ kind, rule, asset }: FailuresWanted, page: PageRequest): Promise<Page<KnownRefusal>> {
    const place = kind === 'message' ? POISON_RULE : kind === 'dead-letter' ? DEAD_LETTER_RULE : rule
    const { items, continuation } = await ledger.listRefusals(page, place)
    const wanted = items.filter(
      refusal =>
        (kind === undefined || kindOf(refusal) === kind) &&
        (rule === undefined || ruleOf(refusal) === rule) &&
        (asset === undefined || refusal.asset === asset),
    )
    return { items: wanted, continuation }
  }

  async function retry(
    wanted: FailuresWanted,
    page: PageRequest,
    mayRetry: (rule: string | undefined) => boolean,
  ): Promise<Page<RetryOutcome>> {
    const { items, continuation } = await find(wanted, page)
    const allowed = items.filter(refusal => mayRetry(ruleOf(refusal)))
    const outcomes: RetryOutcome[] = items.slice(allowed.length).map(() => 'notAllowed')
    await forEachAtMost(AT_ONCE, allowed, async refusal => outcomes.push(await retryOne(refusal)))
    return { items: outcomes, continuation }
  }

  async function clean(wanted: FailuresWanted, page: PageRequest): Promise<Page<RetryOutcome>> {
    const { items, continuation } = await find(wanted, page)
    const outcomes: RetryOutcome[] = []
    await forEachAtMost(AT_ONCE, items, async refusal => {
      const isMessage = kindOf(refusal) === 'message'
      outcomes.push(await struckOff(refusal, isMessage ? await lookAtMessage(refusal) : undefined))
    })
    return { items: outcomes, continuation }
  }

  function retryOne(refusal: KnownRefusal): Promise<RetryOutcome> {
    return struckOff(refusal, undefined)
  }

  /** `decided`: undefined: it has to be tried again. Trouble with one is not the others'. */
  async function struckOff(
    refusal: KnownRefusal,
    decided: 'cleared' | 'left' | undefined,
  ): Promise<RetryOutcome> {
    try {
      const outcome = decided ?? (await tryAgain(refusal))
      if (outcome !== 'left') await ledger.removeRefusals([refusal])
      return outcome
    } catch (error) {
      const { rule, ref } = refusal
      log.warn('what was refused cannot be tried again now', {
        rule,
        path: ref.path,
        reason: reasonOf(error),
      })
      return 'left'
    }
  }

  function tryAgain(refusal: KnownRefusal): Promise<'started' | 'cleared' | 'left'> {
    switch (kindOf(refusal)) {
      case 'message':
        return sendAgain(refusal)
      case 'dead-letter':
        return lookForBlob(refusal)
      default:
        return takeInAgain(refusal)
    }
  }

  /** Through the intake, as if it had just been written; the ledger knows what it has. */
  async function takeInAgain(refusal: KnownRefusal): Promise<'started' | 'cleared' | 'left'> {
    const { rule, ref, at } = refusal
    if (isFromRequest(rule)) return lookForFile(refusal)
    const isMatched = rules()
      .match(ref)
      .some(match => match.rule.name === rule)
    if (!isMatched) return ofFormerRules(at)
    const blob = await lake.head(ref)
    if (blob === undefined || blob.isDirectory) return 'cleared'
    if (blob.isBeingCopied) return 'left'
    const { etag, sizeBytes } = blob
    const taken = await intake.change(
      { kind: 'written', ref, etag, sizeBytes, sequencer: undefined, doubt: undefined },
      match => match.rule.name === rule,
    )
    if (taken.some(({ outcome }) => outcome === 'refused')) return 'left'
    return taken.some(({ outcome }) => outcome === 'recorded' || outcome === 'marker') ? 'started' : 'cleared'
  }

  function ofFormerRules(at: number): 'cleared' | 'left' {
    return clock.now() - at < RULES_LAG_MS ? 'left' : 'cleared'
  }

  /** What a request has asked for is tried again by the same request: no rule says what is to become of the file. */
  async function lookForFile({ ref, key, asset, at }: KnownRefusal): Promise<'cleared' | 'left'> {
    // Other accounts than those of the rules are none of ours to send a token to.
    if (!rules().watches(ref.account, ref.container)) return ofFormerRules(at)
    const blob = await lake.head(ref)
    if (blob === undefined || blob.isDirectory) return 'cleared'
    if (asset === undefined) return 'left'
    const known = (await ledger.readFiles(asset, { files: [key], targets: [] })).files.get(key)
    return known !== undefined && !known.removed && known.etag === blob.etag ? 'cleared' : 'left'
  }

  /** Nothing is lost with a message that nobody could read: the ledger knows what is to be done. */
  async function sendAgain({ asset, message }: KnownRefusal): Promise<'started' | 'cleared'> {
    const sent = message === undefined ? undefined : fromQueueText(message)
    if (asset !== undefined && isAssetName(asset)) await announcer.work(asset, 0)
    else if (sent?.kind === 'listing') await announcer.listing({ ...sent, continuation: undefined }, 0)
    else return 'cleared'
    return 'started'
  }

  /** Whether the message has been overtaken by what happened since. */
  async function lookAtMessage({ asset, at, message }: KnownRefusal): Promise<'cleared' | 'left'> {
    if (asset !== undefined) {
      const state = await ledger.readWork(asset)
      return state?.head.wakeAt === undefined ? 'cleared' : 'left'
    }
    return message !== undefined && clock.now() - at > LISTING_IS_OVER_MS ? 'cleared' : 'left'
  }

  /** It is taken up by itself when somebody has written it anew, and is gone then. */
  async function lookForBlob({ ref }: KnownRefusal): Promise<'cleared' | 'left'> {
    return (await lake.head(ref)) === undefined ? 'cleared' : 'left'
  }

  function toFailure(refusal: KnownRefusal): Failure {
    const { ref, asset, reason, since } = refusal
    const kind = kindOf(refusal)
    return {
      id: refusalId(kind, refusal),
      kind,
      rule: ruleOf(refusal) ?? null,
      asset: asset ?? null,
      version: null,
      workspace: null,
      file: kind === 'message' ? null : `${ref.account}/${ref.container}/${ref.path}`,
      reason,
      since: new Date(since).toISOString(),
    }
  }

  /** A rule may happen to be called like the places under which the others stand. */
  function kindOf({ rule, ref: { account, container } }: KnownRefusal): FailureKind {
    if (rule === POISON_RULE && account === '') return 'message'
    return rule === DEAD_LETTER_RULE && !rules().watches(account, container) ? 'dead-letter' : 'refusal'
  }

  function ruleOf(refusal: KnownRefusal): string | undefined {
    return kindOf(refusal) === 'refusal' ? refusal.rule : undefined
  }

  return { list, retry, retryOne, clean, kindOf, ruleOf }
}
