import { type AssetHead, type CutSpec, NO_ROWS, newCursor, type Version } from '../../core/asset/asset.ts'
import { TransientError } from '../../core/errors.ts'
import { MAX_CONFLICTS, SPECS_PER_TRANSACTION, VERSIONS_PER_ROUND } from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import type { BackfillMode } from '../../core/rules/rule-set.ts'
import type { Ledger } from '../ports.ts'
import type { createVersionRewriter } from './rewrite-versions.ts'

/** What one rule makes of files that lie there already, and who is to get it. */
export interface Extension {
  asset: string
  account: string
  container: string
  dataPath: string
  workspaces: readonly string[]
  mode: BackfillMode
}

interface Dependencies {
  ledger: Ledger
  rewriteVersions: ReturnType<typeof createVersionRewriter>
}

/**
 * Gives what an asset has of a data path to workspaces that did not have it: what still gathers, and the newest
 * version, or all. Where every workspace has what it should, nothing is written.
 */
export function createExtend({ ledger, rewriteVersions }: Dependencies) {
  return async function extend(extension: Extension): Promise<void> {
    const { asset, mode } = extension
    if (mode === 'none') return
    await extendGatherings(extension)
    const state = await ledger.readWork(asset)
    if (state === undefined || state.head.lastOrdinal === 0) return
    const { lastOrdinal } = state.head
    const from = mode === 'all' ? 1 : await newestOf(asset, lastOrdinal)
    // Of what was cut since, and of where data moves to meanwhile, each is the newest.
    const isWanted = ({ ordinal }: Version) => mode === 'all' || ordinal === from || ordinal > lastOrdinal
    await rewriteVersions(
      asset,
      { from, to: lastOrdinal },
      (head, version) => isWanted(version) && add(head, version, extension),
    )
  }

  /**
   * The ordinal of the newest data: of what was cut last, wherever it has moved to. The highest ordinal may be of older
   * data whose number was found taken after that.
   */
  async function newestOf(asset: string, lastOrdinal: number): Promise<number> {
    const rows = new Map<number, Version>()
    let newest: Version | undefined
    for (let to = lastOrdinal, width = VERSIONS_PER_ROUND; newest === undefined && to > 0; width *= 2) {
      const from = Math.max(1, to - width + 1)
      for (let at = from; at <= to; ) {
        const window = await ledger.readVersions(asset, { from: at, to, limit: width })
        for (const row of window) rows.set(row.ordinal, row)
        newest = window.findLast(({ movedFrom }) => movedFrom === undefined) ?? newest
        at = (window.at(-1)?.ordinal ?? to) + 1
      }
      to = from - 1
    }
    while (newest?.movedTo !== undefined) newest = rows.get(newest.movedTo)
    return newest?.ordinal ?? lastOrdinal
  }

  /** When they are cut, the version goes to all of them. */
  async function extendGatherings(extension: Extension): Promise<void> {
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const state = await ledger.readWork(extension.asset)
      const gatherings = (state?.gatherings ?? [])
        .filter(({ spec }) => missingIn(spec, extension).length > 0)
        .slice(0, SPECS_PER_TRANSACTION)
      if (state === undefined || gatherings.length === 0) return
      for (const { spec } of gatherings) spec.workspaces.push(...missingIn(spec, extension))
      const transition = { ...NO_ROWS, head: state.head, gatherings }
      if ((await ledger.commit(extension.asset, state.etag, transition)) !== 'conflict') return
    }
    throw new TransientError(`asset ${extension.asset} is changed by too many at once`)
  }
}

/** Both are changed; false: the version is of something else, or goes to all of these workspaces already. */
function add(head: AssetHead, { movedTo, ordinal, spec }: Version, extension: Extension): boolean {
  if (movedTo !== undefined) return false
  const missing = missingIn(spec, extension)
  for (const alias of missing) {
    spec.workspaces.push(alias)
    const cursor = own(head.cursors, alias)
    if (cursor === undefined || ordinal < cursor.next) head.cursors[alias] = newCursor(ordinal)
  }
  return missing.length > 0
}

function missingIn(spec: CutSpec, { account, container, dataPath, workspaces }: Extension): string[] {
  const isSamePlace = spec.account === account && spec.container === container && spec.dataPath === dataPath
  return isSamePlace ? workspaces.filter(alias => !spec.workspaces.includes(alias)) : []
}
