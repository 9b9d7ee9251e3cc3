import type { BlobRef } from '../blob-ref.ts'
import { MAX_SPEC_TEXT } from '../limits.ts'
import type { Match } from '../matching.ts'
import { isLegalDataPath } from '../naming.ts'
import { datastoreOf } from '../rules/datastore.ts'
import type { RuleSet } from '../rules/rule-set.ts'
import { keyOf } from './fingerprint.ts'
import type { Intent } from './plan-intake.ts'

/** What happened to a file, beyond doubt. */
export interface News {
  ref: BlobRef
  /** Undefined: it is gone. */
  content: { etag: string; sizeBytes: number } | undefined
  sequencer: string | undefined
}

/** The news as it concerns one asset; or the reason why the rule's asset cannot be made of this file. */
export function toIntent(
  news: News,
  match: Match,
  { rules, commit }: { rules: RuleSet; commit: string | undefined },
): { asset: string; intent: Intent } | { refused: string } {
  const { rule, asset, assetText, dataPath, description, tags } = match
  if (asset === undefined)
    return { refused: `"${assetText}" has no character that the name of an asset may have` }
  const path = isLegalDataPath(dataPath)
  if (!path.ok) return { refused: `no data URI can be written for "${dataPath}": ${path.reason}` }
  const textLength = JSON.stringify([description, tags]).length
  if (textLength > MAX_SPEC_TEXT) {
    return { refused: `its description and tags have ${textLength} characters; the most is ${MAX_SPEC_TEXT}` }
  }
  const { account, container } = news.ref
  const { name, kind } = datastoreOf(rules, account, container)
  const key = keyOf(news.ref)
  const intent: Intent = {
    ...news,
    key,
    observed: false,
    role: match.role,
    spec: {
      rule: rule.name,
      commit,
      type: rule.type,
      account,
      container,
      datastore: { name, kind },
      dataPath,
      description,
      tags,
      workspaces: rule.workspaces,
    },
    target: dataPath === news.ref.path ? key : keyOf({ account, container, path: dataPath }),
    settleMs: rule.settleMs,
    maxWaitMs: rule.maxWaitMs,
  }
  return { asset, intent }
}
