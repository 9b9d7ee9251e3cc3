import type { BlobRef } from './blob-ref.ts'
import { isAssetName } from './naming.ts'

/** What stands in the work queue: hints, never truth. */
export type WorkMessage =
  | { kind: 'assets'; assets: string[] }
  /** Take in what lies under a folder, from this page of its listing on. */
  | {
      kind: 'listing'
      folder: BlobRef
      continuation: string | undefined
      /** Set where the rules have changed: workspaces that lack what these rules give them are to get it. */
      backfill: { rules: string[]; since: number } | undefined
    }
  /** Go on with a part of a re-sync run; undefined: with the run as a whole. */
  | { kind: 'run'; run: string; part: string | undefined }

const MAX_ASSETS = 64

/** The text of a message: JSON in base64, as blob names may hold characters that the queue's XML does not take. */
export function toQueueText(message: WorkMessage): string {
  return Buffer.from(JSON.stringify(message), 'utf8').toString('base64')
}

/** The text of a message, or what became of it on its way: parsed already where it was JSON. */
export function fromQueueText(input: unknown): WorkMessage | undefined {
  if (typeof input !== 'string') return parseWorkMessage(input)
  try {
    return parseWorkMessage(JSON.parse(Buffer.from(input, 'base64').toString('utf8')))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function parseWorkMessage(input: unknown): WorkMessage | undefined {
  if (typeof input !== 'object' || input === null) return undefined
  const { kind, assets, folder, continuation, backfill } = input as Record<string, unknown>
  if (kind === 'assets') {
    const legal =
      Array.isArray(assets) &&
      assets.length > 0 &&
      assets.length <= MAX_ASSETS &&
      assets.every(asset => typeof asset === 'string' && isAssetName(asset))
    return legal ? { kind, assets: assets as string[] } : undefined
  }
  if (kind === 'listing') {
    const { account, container, path } = (folder ?? {}) as Record<string, unknown>
    if (typeof account !== 'string' || typeof container !== 'string' || typeof path !== 'string')
      return undefined
    if (continuation !== undefined && typeof continuation !== 'string') return undefined
    const { rules, since } = (backfill ?? {}) as Record<string, unknown>
    const isBackfill =
      Array.isArray(rules) && rules.every(name => typeof name === 'string') && Number.isSafeInteger(since)
    if (backfill !== undefined && !isBackfill) return undefined
    return {
      kind,
      folder: { account, container, path },
      continuation,
      backfill: isBackfill ? { rules, since: Number(since) } : undefined,
    }
  }
  if (kind === 'run') {
    const { run, part } = input as Record<string, unknown>
    if (!isId(run) || !(part === undefined || isId(part))) return undefined
    return { kind, run, part }
  }
  return undefined
}

/** Of a run or a part. */
function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9A-Za-z.-]{1,64}$/.test(value)
}
