import type { Version } from '../../core/asset/asset.ts'
import { FINGERPRINT } from '../../core/asset/data-version.ts'
import type { Workspace } from '../../core/rules/rule-set.ts'
import type { AzureMl } from '../ports.ts'
import type { Purse } from './purse.ts'

/**
 * Takes a number back whose data has moved to another: where the workspace has our version under it, that is archived,
 * so that the number means our data nowhere. The move must be durable: whoever dies in between is followed by one who
 * finds it half done, and never by one who holds the number for ours. Throws NotOurTurn where the purse has no place.
 */
export async function withdraw(
  azureMl: Pick<AzureMl, 'getVersion' | 'archiveVersion'>,
  workspace: Workspace,
  asset: string,
  number: number,
  version: Version,
  purse: Pick<Purse, 'spend'>,
): Promise<void> {
  await purse.spend('reads')
  const there = await azureMl.getVersion(workspace, asset, number)
  const isOurs = there?.properties[FINGERPRINT] === version.fingerprint
  if (there !== undefined && isOurs && !there.isArchived) {
    await purse.spend('writes')
    await azureMl.archiveVersion(workspace, asset, number)
  }
}
