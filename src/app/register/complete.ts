import { type AssetHead, type Gathering, NO_ROWS, newCursor, type Version } from '../../core/asset/asset.ts'
import { keyOf } from '../../core/asset/fingerprint.ts'
import { TransientError } from '../../core/errors.ts'
import { MAX_CONFLICTS } from '../../core/limits.ts'
import { own } from '../../core/record.ts'
import type { Target } from '../../core/register/request.ts'
import type { Announcer } from '../announcer.ts'
import type { createVersionRewriter } from '../delivery/rewrite-versions.ts'
import type { Clock, Ledger } from '../ports.ts'
import { newestVersionOf } from './versions.ts'

interface Dependencies {
  ledger: Ledger
  announcer: Announcer
  rewriteVersions: ReturnType<typeof createVersionRewriter>
  clock: Clock
}

/**
 * All files of a target are in the ledger: what has gathered of them becomes a version now. Where nothing has, the
 * version that has this content is given to workspaces that lack it, and tried again where it failed: who asks again
 * wants to have it. May run twice.
 */
export function createCompletion({ ledger, announcer, rewriteVersions, clock }: Dependencies) {
  return async function complete(target: Target): Promise<void> {
    if (!(await closeGathering(target))) await renew(target)
  }

  async function closeGathering({ asset, datastore, dataPath, workspaces }: Target): Promise<boolean> {
    const { account, container } = datastore
    const key = keyOf({ account, container, path: dataPath })
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      const state = await ledger.readWork(asset)
      const open = state?.gatherings.find(({ target }) => target === key)
      if (state === undefined || open === undefined) return false
      const now = clock.now()
      // Somebody else may have asked for fewer workspaces, and its files are in here.
      const all = [...new Set([...open.spec.workspaces, ...workspaces])].sort()
      const closed: Gathering = {
        ...open,
        spec: { ...open.spec, workspaces: all },
        dueAt: Math.min(open.dueAt, now),
        cause: open.dueAt <= now ? open.cause : 'requested',
      }
      const head = { ...state.head, wakeAt: Math.min(state.head.wakeAt ?? now, now) }
      await announcer.expect(asset)
      const transition = { ...NO_ROWS, head, gatherings: [closed] }
      if ((await ledger.commit(asset, state.etag, transition)) === 'conflict') continue
      await announcer.work(asset, 0)
      return true
    }
    throw new TransientError(`asset ${asset} is changed by too many at once`)
  }

  async function renew(target: Target): Promise<void> {
    const found = await newestVersionOf(ledger, target)
    if (found?.version === undefined) return
    const { ordinal } = found.version
    await rewriteVersions(target.asset, { from: ordinal, to: ordinal }, (head, version) =>
      version.ordinal === ordinal ? reopen(head, version, target) : false,
    )
  }
}

/** Both are changed; false: every workspace has it, or will. */
function reopen(head: AssetHead, version: Version, { workspaces, datastore }: Target): boolean {
  if (version.movedTo !== undefined) return false
  const { spec, outcomes } = version
  const missing = workspaces.filter(alias => !spec.workspaces.includes(alias))
  const failed = workspaces.filter(alias => own(outcomes, alias)?.state === 'failed')
  spec.workspaces.push(...missing)
  for (const alias of failed) delete outcomes[alias]
  // Nobody has it: it need not stay where it could not be registered.
  if (failed.length > 0 && Object.keys(outcomes).length === 0)
    spec.datastore = { name: datastore.name, kind: datastore.kind }
  for (const alias of [...missing, ...failed]) {
    const cursor = own(head.cursors, alias)
    if (cursor === undefined || version.ordinal < cursor.next)
      head.cursors[alias] = newCursor(version.ordinal)
  }
  return missing.length + failed.length > 0
}
