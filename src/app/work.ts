import { type AssetHead, numberOf, type Version } from '../core/asset.ts'
import { PermanentError, reasonOf, TransientError } from '../core/errors.ts'
import { MAX_CONFLICTS, ROUNDS_PER_LOOK, VERSIONS_PER_ROUND } from '../core/limits.ts'
import { planBeginning, planEnding, type Report } from '../core/plan-work.ts'
import type { Announcer } from './announcer.ts'
import type { createDelivery } from './deliver.ts'
import type { Clock, Ledger, Log } from './ports.ts'
import type { createSeeding } from './seed.ts'

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
    let conflicts = 0
    for (let round = 0; round < ROUNDS_PER_LOOK; ) {
      const step = await lookOnce(asset, owner, redelivered)
      if (step === 'done') return
      if (step === 'conflict') {
        conflicts += 1
        if (conflicts > MAX_CONFLICTS)
          throw new TransientError(`asset ${asset} is changed by too many at once`)
      } else round += 1
    }
    await announcer.again(asset, 0)
  }

  async function lookOnce(
    asset: string,
    owner: string,
    redelivered: boolean,
  ): Promise<'done' | 'more' | 'conflict'> {
    const state = await ledger.readWork(asset)
    if (state === undefined) return 'done'
    const { head, etag } = state
    const now = clock.now()
    const begin = planBeginning(state, owner, now)
    switch (begin.kind) {
      case 'leased':
        await announcer.again(asset, begin.until - now)
        return 'done'
      case 'idle':
        return head.wakeAt === undefined ? 'done' : rearm(asset, etag, head, undefined)
      case 'waiting': {
        const promised = head.wakeAt !== undefined && head.wakeAt > now && head.wakeAt <= begin.until
        if (!promised) return rearm(asset, etag, head, begin.until)
        if (redelivered) await announcer.again(asset, begin.until - now)
        return 'done'
      }
      case 'due': {
        const { head: claimed } = begin.transition
        if (!claimed.seeded) {
          // Durable with the claim, before the first number is sent anywhere.
          claimed.offset = await highestInUse(asset, Object.keys(claimed.cursors))
          claimed.seeded = true
        }
        const begun = await ledger.commit(asset, etag, begin.transition)
        if (begun === 'conflict') return 'conflict'
        for (const version of begin.transition.versions) {
          log.info('version cut', {
            asset,
            version: numberOf(claimed, version),
            files: version.files,
            cause: version.cause,
          })
        }
        return doRound(asset, owner, claimed, begin.aliases)
      }
    }
  }

  /** Notes when the asset is next due, without anything else, and sends the message for it. */
  async function rearm(asset: string, etag: string, head: AssetHead, wakeAt: number | undefined) {
    const transition = { files: [], formerMembers: [], gatherings: [], closedGatherings: [], versions: [] }
    const committed = await ledger.commit(asset, etag, {
      ...transition,
      head: { ...head, lease: undefined, wakeAt },
    })
    if (committed === 'conflict') return 'conflict'
    if (wakeAt !== undefined) await announcer.again(asset, Math.max(0, wakeAt - clock.now()))
    return 'done'
  }

  /** The asset is ours. */
  async function doRound(
    asset: string,
    owner: string,
    ready: AssetHead,
    aliases: readonly string[],
  ): Promise<'done' | 'more'> {
    const report = await deliver(asset, ready, aliases)
    const wakeAt = await record(asset, owner, ready, report)
    if (wakeAt === 'lost') return 'more'
    if (wakeAt === undefined) return 'done'
    if (wakeAt <= clock.now()) return 'more'
    await announcer.again(asset, wakeAt - clock.now())
    return 'done'
  }

  /** Answers when the asset is next due; 'lost' when another worker has taken it over meanwhile. */
  async function record(
    asset: string,
    owner: string,
    ready: AssetHead,
    report: Report,
  ): Promise<number | undefined | 'lost'> {
    const ordinals = [...report.outcomes, ...report.moves].map(({ ordinal }) => ordinal)
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const state = await ledger.readWork(asset)
      if (state === undefined) throw new PermanentError(`asset ${asset} has vanished from the ledger`)
      if (state.head.lease?.owner !== owner) {
        log.warn('another worker took the asset over', { asset })
        return 'lost'
      }
      const versions = await readRows(asset, ordinals)
      const transition = planEnding(ready, state, versions, report)
      if ((await ledger.commit(asset, state.etag, transition)) !== 'conflict') return transition.head.wakeAt
    }
    throw new TransientError(`asset ${asset} is changed by too many at once`)
  }

  /** Workspaces may be far apart: rows between them are not read. */
  async function readRows(asset: string, ordinals: readonly number[]): Promise<Version[]> {
    const rows: Version[] = []
    for (let rest = [...new Set(ordinals)].sort((a, b) => a - b); rest.length > 0; ) {
      const from = Number(rest[0])
      const to = from + VERSIONS_PER_ROUND - 1
      const window = await ledger.readVersions(asset, { from, to, limit: VERSIONS_PER_ROUND })
      rows.push(...window.filter(row => rest.includes(row.ordinal)))
      rest = rest.filter(ordinal => ordinal > to)
    }
    return rows
  }
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
    await Promise.all(
      assets.map(async asset => {
        try {
          await work(asset, options)
        } catch (error) {
          // Alone it gets its own retries, and its own failure if they do not help.
          log.warn('work put back', { asset, reason: reasonOf(error) })
          await announcer.again(asset, 0)
        }
      }),
    )
  }
}
