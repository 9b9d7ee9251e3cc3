import type { AssetHead } from '../../core/asset/asset.ts'
import type { Match } from '../../core/matching.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { createExtend, Extension } from '../delivery/extend.ts'
import type { Ledger } from '../ports.ts'

const EXTENSIONS_AT_ONCE = 16

interface Dependencies {
  ledger: Ledger
  extend: ReturnType<typeof createExtend>
}

/**
 * Gives a workspace what the assets of these matches have, as far as the rules name it: as many versions as the rule
 * says, and at least the newest, as somebody has asked for it. Answers the assets that were given something.
 */
export function createExtensions({ ledger, extend }: Dependencies) {
  return async function extendTo(
    workspace: string | undefined,
    matches: readonly Match[],
  ): Promise<Set<string>> {
    const touched = new Set<string>()
    if (workspace === undefined) return touched
    const wanted = new Map<string, Extension>()
    for (const { role, asset, dataPath, rule } of matches) {
      if (role !== 'data' || asset === undefined || !rule.workspaces.includes(workspace)) continue
      const { account, container } = rule
      const mode = rule.backfill === 'all' ? 'all' : 'newest'
      const extension: Extension = { asset, account, container, dataPath, workspaces: [workspace], mode }
      const key = JSON.stringify([asset, dataPath])
      if (wanted.get(key)?.mode !== 'all') wanted.set(key, extension)
    }
    await forEachAtMost(EXTENSIONS_AT_ONCE, [...wanted.values()], async extension => {
      await extend(extension)
      const state = await ledger.readWork(extension.asset)
      if (state !== undefined && isOutstanding(state.head, workspace)) touched.add(extension.asset)
    })
    return touched
  }
}

function isOutstanding({ cursors, lastOrdinal, open }: AssetHead, workspace: string): boolean {
  const next = Object.hasOwn(cursors, workspace) ? cursors[workspace]?.next : undefined
  return open > 0 || (next !== undefined && next <= lastOrdinal)
}
