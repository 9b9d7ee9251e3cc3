/** What the list of failures shows, and is asked. */

export const FAILURE_KINDS = ['delivery', 'refusal', 'message', 'dead-letter'] as const
export type FailureKind = (typeof FAILURE_KINDS)[number]

/** As the HTTP API answers it. What a kind does not have is null. */
export interface Failure {
  id: string
  kind: FailureKind
  rule: string | null
  asset: string | null
  version: number | null
  /** An alias. */
  workspace: string | null
  /** `account/container/path`, of a folder with a slash at its end. */
  file: string | null
  reason: string
  /** ISO 8601 in UTC. */
  since: string
}

/** All that are given must hold. */
export interface FailuresWanted {
  kind?: FailureKind | undefined
  rule?: string | undefined
  workspace?: string | undefined
  asset?: string | undefined
  /** Stands in the asset, the file or the reason, whatever the case. */
  q?: string | undefined
}

/** Which failures are to be tried again; an empty filter: all. */
export type RetrySelection = { id: string } | { filter: Omit<FailuresWanted, 'q'> }

export type RetryOutcome =
  /** A delivery is pending again, a file was taken in, a message was sent again. */
  | 'started'
  /** The cause was gone: it is no longer in the list. */
  | 'cleared'
  /** It was looked at, and nothing could be done. */
  | 'left'
  /** It is of a rule that the caller may not operate. */
  | 'notAllowed'

/** How many of each, and where there may be more. */
export type RetryReport = Record<RetryOutcome, number> & { continuation: string | undefined }

/** How many stand in the list, without asking whether each is still true. */
export interface FailureCount {
  counts: Record<FailureKind, number>
  /** There are more than were counted. */
  isAtLeast: boolean
}

/** One version in one workspace. */
export interface Delivery {
  asset: string
  ordinal: number
  workspace: string
}

/** Names of assets, rules and workspaces hold no full stop, nor do the keys of files. */
export function deliveryId({ asset, ordinal, workspace }: Delivery): string {
  return `delivery.${asset}.${ordinal}.${workspace}`
}

/** Undefined: it is not the id of a delivery. */
export function deliveryIn(id: string): Delivery | undefined {
  const [, asset, digits, workspace] = /^delivery\.([^.]+)\.([1-9]\d{0,14})\.([^.]+)$/.exec(id) ?? []
  return asset === undefined || workspace === undefined
    ? undefined
    : { asset, ordinal: Number(digits), workspace }
}

export function refusalId(kind: FailureKind, { rule, key }: { rule: string; key: string }): string {
  return `${kind}.${rule}.${key}`
}

/** Undefined: it is not the id of anything that was refused. */
export function refusalIn(id: string): { rule: string; key: string } | undefined {
  const [, rule, key] = /^(?:refusal|message|dead-letter)\.([\w:-]+)\.([\w-]+)$/.exec(id) ?? []
  return rule === undefined || key === undefined ? undefined : { rule, key }
}

/** Whether a text that is looked for stands in any of these. */
export function holds(q: string | undefined, ...texts: (string | null | undefined)[]): boolean {
  if (q === undefined) return true
  const wanted = q.toLowerCase()
  return texts.some(text => text?.toLowerCase().includes(wanted))
}
