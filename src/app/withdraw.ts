import type { Version } from '../core/asset/asset.ts'
import { FINGERPRINT } from '../core/asset/data-version.ts'
import { PermanentError, reasonOf } from '../core/errors.ts'
import { WORKSPACES_AT_ONCE } from '../core/limits.ts'
import type { Workspace } from '../core/rules/rule-set.ts'
import { forEachAtMost } from './concurrency.ts'
import type { AzureMl, Log } from './ports.ts'

interface Dependencies {
  azureMl: AzureMl
  log: Log
  workspaceOf: (alias: string) => Workspace
}

/**
 * Takes a number back: where these workspaces have the version under it, it is archived, so that the number
 * means our data nowhere. A workspace that refuses for good is left out; whoever could see it there cannot now.
 */
export async function withdraw(
  { azureMl, log, workspaceOf }: Dependencies,
  asset: string,
  number: number,
  version: Version,
  aliases: readonly string[],
): Promise<void> {
  await forEachAtMost(WORKSPACES_AT_ONCE, aliases, async alias => {
    try {
      const workspace = workspaceOf(alias)
      const there = await azureMl.getVersion(workspace, asset, number)
      const isOurs = there?.properties[FINGERPRINT] === version.fingerprint
      if (there !== undefined && isOurs && !there.isArchived) {
        await azureMl.archiveVersion(workspace, asset, number)
      }
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error
      log.warn('could not withdraw a version', {
        asset,
        version: number,
        workspace: alias,
        reason: reasonOf(error),
      })
    }
  })
}
