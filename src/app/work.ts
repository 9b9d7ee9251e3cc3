import { type AssetHead, numberOf, type Transition, type Version } from '../core/asset/asset.ts'
import { isDue, planBeginning, planEnding, type WorkState } from '../core/asset/plan-work.ts'
import { reasonOf, TransientError } from '../core/errors.ts'
import {
  CLOCK_TOLERANCE_MS,
  FIRST_RETRY_MS,
  LEASE_MS,
  LOOK_MS,
  MAX_CONFLICTS,
  ROUNDS_PER_LOOK,
  VERSIONS_PER_ROUND,
} from '../core/limits.ts'
import type { Announcer } from './announcer.ts'
import { forEachAtMost } from './concurrency.ts'
import type { createDelivery } from './deliver.ts'
import type { Clock, Ledger, Log } from './ports.ts'
import type { createSeeding } from './seed.ts'

/** Assets of one message that are worked on at a time. */
const ASSETS_AT_ONCE = 8
/** The rows of a transition that changes the head alone. */
const NOTHING = { files: [], formerMembers: [], gatherings: [], closedGatherings: [], versions: [] }

interface Dependencies {
  ledger: Ledger
  deliver: ReturnType<typeof createDelivery>
  highestInUse: ReturnType<typeof createSeeding>
  announcer: Announcer
  clock: Clock
  log: Log
  /** Names this process among all that share the ledger. */
  owner: string
}

/**
 * Looks at one asset and does what is outstanding: cuts what is due, delivers what is pending. May run
 * twice, late, or in two places at once. `redelivered`: the message has been seen before, so whoever had it
 * then may have died before it sent the next one.
 */
export function createWork(dependencies: Dependencies) {
  const { ledger, deliver, highestInUse, announcer, clock, log } = dependencies
  let looks = 0

  return async function work(asset: string, { redelivered = false } = {}): Promise<void> {
    // Each look leases for itself: one that was cut off is told from one that goes on.
    looks += 1
    const owner = `${dependencies.owner}:${looks}`
    const begun = clock.now()
    let conflicts = 0
    // Whether the message that we came with, or one like it, may be the only one there is.
    let isLast = redelivered
    for (let round = 0; round < ROUNDS_PER_LOOK && clock.now() - begun < LOOK_MS; ) {
      const step = await lookOnce(asset, owner, isLast)
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

  async function lookOnce(asset: string, owner: string, isLast: boolean): Promise<'done' | 'more' | 'again'> {
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
      case 'due': {
        if ((await ledger.commit(asset, etag, begin.transition)) === 'conflict') return 'again'
        const { head: claimed, versions } = begin.transition
        for (const version of versions) {
          const { files, cause } = version
          log.info('version cut', { asset, version: numberOf(claimed, version), files, cause })
        }
        return doRound(asset, owner, claimed)
      }
    }
  }

  /** Notes when the asset is next due, without anything else, and sends the message for it. */
  async function rearm(
    asset: string,
    etag: string,
    head: AssetHead,
    wakeAt: number | undefined,
  ): Promise<'done' | 'again'> {
    const next = { ...head, lease: undefined, wakeAt }
    if ((await ledger.commit(asset, etag, { ...NOTHING, head: next })) === 'conflict') return 'again'
    if (wakeAt !== undefined) await announcer.work(asset, wakeAt - clock.now())
    return 'done'
  }

  /** The asset is ours. */
  async function doRound(
    asset: string,
    owner: string,
    claimed: AssetHead,
  ): Promise<'done' | 'more' | 'again'> {
    const head = claimed.seeded ? claimed : await seed(asset, owner, claimed)
    if (head === 'lost') return 'again'
    const now = clock.now()
    const aliases = Object.keys(head.cursors).filter(alias => isDue(head, alias, now))
    const report = await deliver(asset, head, aliases)
    const ended = await whileOurs(asset, owner, async state => {
      const versions = await readRows(asset, [...report.outcomes, ...report.moves])
      return planEnding(head, state, versions, report, clock.now())
    })
    if (ended === 'lost') return 'again'
    const { wakeAt } = ended.head
    if (wakeAt === undefined) return 'done'
    if (wakeAt <= clock.now()) return 'more'
    await announcer.work(asset, wakeAt - clock.now())
    return 'done'
  }

  /** Learns where our numbers begin, and makes it durable before the first of them is sent anywhere. */
  async function seed(asset: string, owner: string, claimed: AssetHead): Promise<AssetHead | 'lost'> {
    const offset = await highestInUse(asset, Object.keys(claimed.cursors))
    const seeded = await whileOurs(asset, owner, async ({ head }) => ({
      ...NOTHING,
      head: { ...head, offset, seeded: true, lease: { owner, until: clock.now() + LEASE_MS } },
    }))
    return seeded === 'lost' ? 'lost' : seeded.head
  }

  /** Commits what is planned over the newest state; 'lost' when another worker has taken the asset over. */
  async function whileOurs(
    asset: string,
    owner: string,
    plan: (state: WorkState) => Promise<Transition>,
  ): Promise<Transition | 'lost'> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const state = await ledger.readWork(asset)
      if (state?.head.lease?.owner !== owner) {
        log.warn('another worker took the asset over', { asset })
        return 'lost'
      }
      const transition = await plan(state)
      if ((await ledger.commit(asset, state.etag, transition)) === 'committed') return transition
    }
    throw busy(asset)
  }

  /** Workspaces may be far apart: rows between them are not read. */
  async function readRows(asset: string, wanted: readonly { ordinal: number }[]): Promise<Version[]> {
    const rows: Version[] = []
    const ordinals = new Set(wanted.map(({ ordinal }) => ordinal))
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
