import { type AssetHead, newCursor, type Version } from '../core/asset/asset.ts'
import { own } from '../core/record.ts'
import type { BackfillMode } from '../core/rules/rule-set.ts'
import type { Ledger } from './ports.ts'
import type { createVersionRewriter } from './rewrite-versions.ts'

interface Dependencies {
  ledger: Ledger
  rewriteVersions: ReturnType<typeof createVersionRewriter>
}

/**
 * Gives an asset's versions to workspaces that did not have them: the newest version, or all. Where every
 * workspace has what it should, nothing is written.
 */
export function createExtend({ ledger, rewriteVersions }: Dependencies) {
  return async function extend(
    asset: string,
    workspaces: readonly string[],
    mode: BackfillMode,
  ): Promise<void> {
    if (mode === 'none') return
    const state = await ledger.readWork(asset)
    if (state === undefined || state.head.lastOrdinal === 0) return
    const { lastOrdinal } = state.head
    const from = mode === 'all' ? 1 : lastOrdinal
    await rewriteVersions(asset, { from, to: lastOrdinal }, (head, version) => add(head, version, workspaces))
  }
}

/** Both are changed; false: the version goes to all of these workspaces already. */
function add(head: AssetHead, version: Version, workspaces: readonly string[]): boolean {
  const { movedTo, ordinal, spec } = version
  if (movedTo !== undefined) return false
  const missing = workspaces.filter(alias => !spec.workspaces.includes(alias))
  for (const alias of missing) {
    spec.workspaces.push(alias)
    const cursor = own(head.cursors, alias)
    if (cursor === undefined || ordinal < cursor.next) head.cursors[alias] = newCursor(ordinal)
  }
  return missing.length > 0
}
