import type { AssetHead, DeliveryState, Version } from '../../core/asset/asset.ts'
import { PermanentError, reasonOf, UnreadableError } from '../../core/errors.ts'
import { own } from '../../core/record.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import { SECOND } from '../../core/time.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Clock, Ledger, ListedAsset, PageRequest } from '../ports.ts'
import { type AssetState, type AssetSummary, describeAsset, isShown } from './asset-views.ts'

/** What is not given leaves out nothing. */
export interface AssetFilter {
  /** A rule's name: it made the newest version, or what gathers. */
  rule?: string | undefined
  /** Alias or name of a workspace that the newest version, or what gathers, goes to. */
  workspace?: string | undefined
  /** Of the newest version in any workspace, or in the one given; `gathering`: files wait to be cut. */
  state?: AssetStateFilter | undefined
  /** Part of the name; with a `*` at its end what the name begins with. Case counts, as it does in names. */
  q?: string | undefined
}

export type AssetStateFilter = DeliveryState | 'gathering'

/** An asset of which the ledger holds something that this version cannot read. */
export interface UnreadableAsset {
  name: string
  reason: string
}

export interface AssetPage {
  items: AssetSummary[]
  /** Whether the other conditions of a filter would leave them out cannot be told. */
  unreadable: UnreadableAsset[]
  /** Also where there are fewer than asked for, or none: so much is looked at in one go. */
  continuation: string | undefined
}

/** Assets that one request looks at. */
export const MAX_ASSETS_LOOKED_AT = 2000
/** No further assets are looked at later than this after a request has begun. */
const LOOK_MS = 8 * SECOND
/** Listed at a time where a filter leaves out some. */
const ASSETS_PER_BATCH = 200
const READS_AT_ONCE = 16

interface Dependencies {
  ledger: Pick<Ledger, 'listAssets' | 'readWork' | 'readVersions'>
  rules: () => { rules: RuleSet }
  clock: Clock
}

/** Assets that have, or will have, a version, in the order of their names. */
export function createAssetSearch({ ledger, rules, clock }: Dependencies) {
  return async function search({
    limit,
    continuation,
    ...filter
  }: PageRequest & AssetFilter): Promise<AssetPage> {
    const begun = clock.now()
    const passes = createTest(filter, rules().rules)
    const { prefix } = nameTest(filter.q)
    const isFiltered = Object.values(filter).some(value => value !== undefined)
    const found: AssetPage = { items: [], unreadable: [], continuation: undefined }
    let after = continuation === undefined ? undefined : fromContinuation(continuation)
    const isTimeUp = () => clock.now() - begun >= LOOK_MS
    for (let looked = 0; looked < MAX_ASSETS_LOOKED_AT && !isTimeUp(); ) {
      const wanted = isFiltered ? ASSETS_PER_BATCH : limit - found.items.length
      const page = await ledger.listAssets({ after, prefix, limit: Math.min(wanted, MAX_ASSETS_LOOKED_AT) })
      looked += Math.max(1, page.items.length)
      for (let at = 0; at < page.items.length; at += READS_AT_ONCE) {
        const some = page.items.slice(at, at + READS_AT_ONCE)
        const last = await take(some, passes, found, limit)
        const isOver = page.next === undefined && last === page.items.at(-1)?.name
        if (isOver) return found
        if (found.items.length >= limit || isTimeUp()) return { ...found, continuation: toContinuation(last) }
      }
      if (page.next === undefined) return found
      after = page.next
    }
    return { ...found, continuation: after === undefined ? undefined : toContinuation(after) }
  }

  /** Adds those that pass, up to the limit; answers the name of the last one that was looked at. */
  async function take(
    listed: readonly ListedAsset[],
    passes: Test,
    found: AssetPage,
    limit: number,
  ): Promise<string> {
    const states = new Map<string, AssetState>()
    const reasons = new Map<string, string>()
    await forEachAtMost(READS_AT_ONCE, listed.filter(passes.byHead), async ({ name, head, unreadable }) => {
      try {
        if (head === undefined) reasons.set(name, unreadable ?? 'its head cannot be read')
        else states.set(name, await read(name, head))
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error
        reasons.set(name, reasonOf(error))
      }
    })
    let last = ''
    for (const { name } of listed) {
      last = name
      const state = states.get(name)
      const reason = reasons.get(name)
      if (reason !== undefined) found.unreadable.push({ name, reason })
      if (state === undefined || !isShown(state) || !passes.byState(state)) continue
      found.items.push(describeAsset(name, state))
      if (found.items.length >= limit) break
    }
    return last
  }

  async function read(name: string, listed: AssetHead): Promise<AssetState> {
    // What gathers is read with the head that it belongs to.
    const work = listed.open === 0 ? undefined : await ledger.readWork(name)
    const { head, gatherings } = work ?? { head: listed, gatherings: [] }
    if (head.lastOrdinal === 0) return { head, gatherings, newest: undefined }
    const { lastOrdinal: ordinal } = head
    const [newest] = await ledger.readVersions(name, { from: ordinal, to: ordinal, limit: 1 })
    return { head, gatherings, newest }
  }
}

interface Test {
  /** Spares reading the rest of those that cannot pass. */
  byHead(listed: ListedAsset): boolean
  byState(state: AssetState): boolean
}

function createTest({ rule, workspace, state, q }: AssetFilter, rules: RuleSet): Test {
  const aliases = workspace === undefined ? undefined : aliasesOf(workspace, rules)
  const { fits } = nameTest(q)
  const isMeant = (alias: string) => aliases === undefined || aliases.includes(alias)

  return {
    byHead({ name, head }) {
      if (!fits(name)) return false
      if (head === undefined || head.open > 0) return true
      const cursors = Object.entries(head.cursors).filter(([alias]) => isMeant(alias))
      if (state === 'gathering' || (aliases !== undefined && cursors.length === 0)) return false
      // A workspace to which the newest version is pending has not come past it.
      return state !== 'pending' || cursors.some(([, { next }]) => next <= head.lastOrdinal)
    },

    byState({ gatherings, newest }) {
      const open = gatherings.filter(({ spec }) => rule === undefined || spec.rule === rule)
      const version = rule === undefined || newest?.spec.rule === rule ? newest : undefined
      const waits = open.some(({ spec }) => spec.workspaces.some(isMeant))
      if (state === 'gathering') return waits
      const sent = version?.spec.workspaces.filter(isMeant) ?? []
      if (state !== undefined)
        return version !== undefined && sent.some(alias => stateOf(version, alias) === state)
      return waits || sent.length > 0 || (rule === undefined && workspace === undefined)
    },
  }
}

function stateOf(version: Version, alias: string): DeliveryState {
  return own(version.outcomes, alias)?.state ?? 'pending'
}

/** Those of the rules in force; a workspace that they do not name any more is known by its alias. */
function aliasesOf(workspace: string, { workspaces }: RuleSet): string[] {
  const name = workspace.toLowerCase()
  const named = [...workspaces.values()].filter(
    it => it.alias === workspace || it.name.toLowerCase() === name,
  )
  return named.length === 0 ? [workspace] : named.map(({ alias }) => alias)
}

function nameTest(q = ''): { prefix: string | undefined; fits: (name: string) => boolean } {
  if (!q.endsWith('*')) return { prefix: undefined, fits: name => name.includes(q) }
  const prefix = q.slice(0, -1)
  return { prefix, fits: name => name.startsWith(prefix) }
}

/** What Table Storage takes as a key. */
const PARTITION_KEY = /^[^\p{Cc}/\\#?]{1,512}$/u

/** A name may be anything where somebody has written to the table by hand. */
function toContinuation(name: string): string {
  return `after.${Buffer.from(name).toString('base64url')}`
}

function fromContinuation(text: string): string {
  const [, encoded] = /^after\.([\w-]+)$/.exec(text) ?? []
  const name = encoded === undefined ? '' : Buffer.from(encoded, 'base64url').toString()
  if (!PARTITION_KEY.test(name)) {
    throw new PermanentError('continuation: not one that was given out; begin without it')
  }
  return name
}
