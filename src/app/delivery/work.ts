import {
  type AssetHead,
  NO_ROWS,
  numberOf,
  type Transition,
  type Turn,
  type Version,
} from '../../core/asset/asset.ts'
import {
  delayed,
  isDue,
  nextDue,
  ordinalsIn,
  planBeginning,
  planEnding,
  type Report,
  type WorkState,
} from '../../core/asset/plan-work.ts'
import { reasonOf, TransientError } from '../../core/errors.ts'
import {
  CLOCK_TOLERANCE_MS,
  FIRST_RETRY_MS,
  LEASE_MS,
  LOOK_MS,
  MAX_CONFLICTS,
  ROUNDS_PER_LOOK,
  VERSIONS_PER_ROUND,
} from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import type { Announcer } from '../announcer.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { createFailedDeliveries } from '../failures/failed-deliveries.ts'
import type { Clock, Counters, Ledger, Log } from '../ports.ts'
import type { createDelivery } from './deliver.ts'
import { createOutstanding } from './outstanding.ts'
import { withoutReads } from './purse.ts'
import type { createSeeding, Seeding } from './seed.ts'
import type { Turns } from './turns.ts'

/** Assets of one message that are worked on at a time. */
const ASSETS_AT_ONCE = 8

interface Dependencies {
  ledger: Ledger
  turns: Turns
  deliver: ReturnType<typeof createDelivery>
  highestInUse: ReturnType<typeof createSeeding>
  announcer: Announcer
  clock: Clock
  counters: Counters
  log: Log
  /** Names this process among all that share the ledger. */
  owner: string
  /** Told of failures before the ledger is. */
  noteFailures: ReturnType<typeof createFailedDeliveries>['note']
}

interface Look {
  asset: string
  owner: string
  /** Places in the line that were taken and not used yet, by alias. */
  turns: Map<string, Turn>
  /** What the workspaces said, once in a look: asking may take long, and the asset change meanwhile. */
  seeding: Seeding | undefined
}

/** 'again': nothing was done, somebody else was faster. */
type Step = 'done' | 'more' | 'again'

/**
 * Looks at one asset and does what is outstanding: cuts what is due, delivers what is pending. May run
 * twice, late, or in two places at once. `redelivered`: the message has been seen before, so whoever had it
 * then may have died before it sent the next one.
 */
export function createWork(dependencies: Dependencies) {
  const { ledger, turns, deliver, highestInUse, announcer, clock, counters, log, noteFailures } = dependencies
  const outstanding = createOutstanding({ ledger })
  let looks = 0

  return async function work(asset: string, { redelivered = false } = {}): Promise<void> {
    // Each look leases for itself: one that was cut off is told from one that goes on.
    looks += 1
    const look: Look = {
      asset,
      owner: `${dependencies.owner}:${looks}`,
      turns: new Map(),
      seeding: undefined,
    }
    const begun = clock.now()
    let conflicts = 0
    // Whether the message that we came with, or one like it, may be the only one there is.
    let isLast = redelivered
    for (let round = 0; round < ROUNDS_PER_LOOK && clock.now() - begun < LOOK_MS; ) {
      const step = await lookOnce(look, isLast)
      if (step === 'done') return
      if (step === 'more') round += 1
      else {
        isLast = true
        conflicts += 1
        if (conflicts > MAX_CONFLICTS) throw busy(asset)
      }
    }
    await announcer.work(asset, 0)
  }

  async function lookOnce(look: Look, isLast: boolean): Promise<Step> {
    const { asset, owner } = look
    const state = await ledger.readWork(asset)
    if (state === undefined) return 'done'
    const { head, etag } = state
    const now = clock.now()
    const begin = planBeginning(state, owner, now)
    switch (begin.kind) {
      case 'leased':
        await announcer.work(asset, begin.until - now)
        return 'done'
      case 'idle':
        return head.wakeAt === undefined ? 'done' : rearm(asset, etag, head, undefined)
      case 'waiting': {
        const isPromised = head.wakeAt !== undefined && head.wakeAt > now && head.wakeAt <= begin.until
        if (!isPromised) return rearm(asset, etag, head, begin.until)
        if (isLast || begin.until - now < CLOCK_TOLERANCE_MS) await announcer.work(asset, begin.until - now)
        return 'done'
      }
      case 'due':
        return takeUp(look, etag, state, begin.transition)
    }
  }

  /** Notes when the asset is next due, without anything else, and sends the message for it. */
  async function rearm(
    asset: string,
    etag: string,
    head: AssetHead,
    wakeAt: number | undefined,
  ): Promise<Step> {
    const next = { ...head, lease: undefined, wakeAt }
    if ((await ledger.commit(asset, etag, { ...NO_ROWS, head: next })) === 'conflict') return 'again'
    if (wakeAt !== undefined) await announcer.work(asset, wakeAt - clock.now())
    return 'done'
  }

  /**
   * Cuts what is due, and delivers to the workspaces whose turn it is. Where it is nobody's, the asset is not
   * even claimed: the places in the line are noted in its head, and a message is sent for the first of them.
   */
  async function takeUp(look: Look, etag: string, state: WorkState, planned: Transition): Promise<Step> {
    const { asset, owner } = look
    const now = clock.now()
    const due = Object.keys(planned.head.cursors).filter(alias => isDue(planned.head, alias, now))
    const { head, ready } = await readyFor(look, planned, due)
    const gatherings = state.gatherings.filter(({ target }) => !planned.closedGatherings.includes(target))
    if (ready.size === 0) {
      head.lease = undefined
      head.wakeAt = nextDue(head, gatherings, clock.now())
    } else {
      head.lease = { owner, until: clock.now() + LEASE_MS }
    }
    const claimed = await ledger.commit(asset, etag, { ...planned, head })
    if (claimed === 'conflict') return 'again'
    look.turns.clear()
    for (const version of planned.versions) {
      const { files, cause } = version
      counters.add(`versions:${cause}`)
      log.info('version cut', { asset, version: numberOf(head, version), files, cause })
    }
    if (ready.size === 0) return settle(asset, head)
    const { report, versions } = await deliver(asset, head, ready)
    const ended = await end(look, { head, gatherings, etag: claimed.etag, versions }, report)
    return ended === 'lost' ? 'again' : settle(asset, ended)
  }

  /**
   * Takes the turns of the workspaces, and before the first of them learns where our numbers begin: that is
   * durable, with the claim, before anything is sent.
   */
  async function readyFor(
    look: Look,
    planned: Transition,
    due: readonly string[],
  ): Promise<{ head: AssetHead; ready: ReadonlyMap<string, Turn> }> {
    const { passed, wanted } = await passOver(look, planned, due)
    const { cursors, ready } = await turns.take(passed, wanted, look.turns)
    const head = { ...passed, cursors }
    if (ready.size === 0 || head.seeded) return { head, ready }
    look.seeding ??= await highestInUse(look.asset, Object.keys(cursors))
    for (const given of [ready, look.turns])
      for (const [alias, turn] of given) given.set(alias, withoutReads(turn))
    for (const cursor of Object.values(cursors)) cursor.turn = cursor.turn && withoutReads(cursor.turn)
    const { highest, throttled } = look.seeding
    for (const [alias, { message: reason, retryAfterMs }] of throttled) {
      const cursor = own(cursors, alias)
      const turn = ready.get(alias)
      if (cursor === undefined || turn === undefined) continue
      const waiting = delayed(cursor, { reason, retryAfterMs, throttled: true }, clock.now())
      // Who has waited for too long is for the delivery to give up.
      if (waiting.gaveUp) continue
      cursors[alias] = waiting.cursor
      ready.delete(alias)
      look.turns.delete(alias)
      turns.giveBack(alias, turn)
    }
    return { head: ready.size === 0 ? head : { ...head, offset: highest, seeded: true }, ready }
  }

  /** What has nothing to be sent gives its place in the line back; the others go on to where there is something. */
  async function passOver(
    { asset, turns: held }: Look,
    { head, versions }: Transition,
    due: readonly string[],
  ): Promise<{ passed: AssetHead; wanted: Map<string, number> }> {
    const cursors = { ...head.cursors }
    const wanted = new Map<string, number>()
    for (const [alias, { cursor, count }] of await outstanding(asset, head, versions, due)) {
      cursors[alias] = count > 0 ? cursor : { ...cursor, turn: undefined }
      if (count > 0) wanted.set(alias, count)
      else turns.giveBack(alias, held.get(alias) ?? cursor.turn)
      if (count === 0) held.delete(alias)
    }
    return { passed: { ...head, cursors }, wanted }
  }

  /** What is left to do for an asset that was let go: nothing, more at once, or something later. */
  async function settle(asset: string, { wakeAt }: AssetHead): Promise<Step> {
    if (wakeAt === undefined) return 'done'
    if (wakeAt <= clock.now()) return 'more'
    await announcer.work(asset, wakeAt - clock.now())
    return 'done'
  }

  /**
   * Records what came of a round and lets the asset go; 'lost' when another worker has taken it over. As a rule
   * nobody has changed anything since it was claimed, and nothing has to be read again.
   */
  async function end(
    { asset, owner }: Look,
    claimed: WorkState & { etag: string; versions: readonly Version[] },
    report: Report,
  ): Promise<AssetHead | 'lost'> {
    let known: typeof claimed | undefined = claimed
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const state = known ?? (await ledger.readWork(asset))
      if (state?.head.lease?.owner !== owner) {
        log.warn('another worker took the asset over', { asset })
        return 'lost'
      }
      const versions = known?.versions ?? (await readRows(asset, ordinalsIn(report)))
      const transition = planEnding(claimed.head, state, versions, report, clock.now())
      await noteFailures(asset, transition.versions, report.outcomes)
      if ((await ledger.commit(asset, state.etag, transition)) !== 'conflict') return transition.head
      known = undefined
    }
    throw busy(asset)
  }

  /** Workspaces may be far apart: rows between them are not read. */
  async function readRows(asset: string, wanted: readonly number[]): Promise<Version[]> {
    const rows: Version[] = []
    const ordinals = new Set(wanted)
    for (let rest = [...ordinals].sort((a, b) => a - b); rest.length > 0; ) {
      const from = Number(rest[0])
      const to = from + VERSIONS_PER_ROUND - 1
      const window = await ledger.readVersions(asset, { from, to, limit: VERSIONS_PER_ROUND })
      rows.push(...window.filter(row => rest.includes(row.ordinal)))
      rest = rest.filter(ordinal => ordinal > to)
    }
    return rows
  }
}

function busy(asset: string): TransientError {
  return new TransientError(`asset ${asset} is changed by too many at once`)
}

/** One message names several assets: trouble with one of them is not to repeat the others' work. */
export function createWorkAll({
  work,
  announcer,
  log,
}: {
  work: ReturnType<typeof createWork>
  announcer: Announcer
  log: Log
}) {
  return async function workAll(assets: readonly string[], options: { redelivered: boolean }): Promise<void> {
    if (assets.length === 1) return work(String(assets[0]), options)
    await forEachAtMost(ASSETS_AT_ONCE, assets, async asset => {
      try {
        await work(asset, options)
      } catch (error) {
        // Alone it gets its own retries, and its own failure if they do not help.
        log.warn('work put back', { asset, reason: reasonOf(error) })
        await announcer.work(asset, FIRST_RETRY_MS)
      }
    })
  }
}
