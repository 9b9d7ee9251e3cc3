import { DAY, MINUTE, SECOND } from './time.ts'

/** Every loop, page, batch, retry and body has its bound here or beside the code that it bounds. */

/** Entities in one Table Storage transaction. */
export const MAX_TRANSACTION_ENTITIES = 100
/** Versions of one asset that a worker looks at for a workspace before it records what it did. */
export const VERSIONS_PER_ROUND = 20
/** Gatherings cut in one transaction: each removes one row and writes one, beside the head. */
export const CUTS_PER_ROUND = 20
/**
 * Rows in one transaction that carry a whole spec, tags and all, beside what its last intent adds: together with the
 * files' they stay below its 4 MiB, also where each character takes seven bytes.
 */
export const SPECS_PER_TRANSACTION = 25
/** Tags and description of one version, in characters. */
export const MAX_SPEC_TEXT = 16_000
/** Versions of an asset that are tried again in one go, from the newest back. */
export const MAX_VERSIONS_RETRIED = 10_000
/** Rounds of one look at an asset, before the rest goes back to the queue so that others get their turn. */
export const ROUNDS_PER_LOOK = 10
/** No round is begun later than this after a look has begun. */
export const LOOK_MS = 60 * SECOND
/** No version is taken up later than this after its round has begun. */
export const ROUND_MS = 20 * SECOND
/** A call to Azure ML has ended, one way or the other, after this time. */
export const CALL_MS = 25 * SECOND
/** How long one worker keeps an asset to itself. */
export const LEASE_MS = 60 * SECOND
/** No call is begun with less of the lease left: it has ended before another worker may take over. */
export const LEASE_RESERVE_MS = CALL_MS + 5 * SECOND
/** A message that comes this much too early is sent again: the clock that sent it may go differently from ours. */
export const CLOCK_TOLERANCE_MS = 10 * SECOND
/** Compare-and-swap conflicts in a row on one asset before the caller is told to come again later. */
export const MAX_CONFLICTS = 50
/** Asset keys in one work message. */
export const ASSETS_PER_MESSAGE = 32
/** Workspaces that one worker talks to at a time for one asset. */
export const WORKSPACES_AT_ONCE = 16
/** Requests that one asset is given at a time where nobody else waits: enough until it is its turn again. */
export const MAX_REQUESTS_PER_TURN = 60
/** A place in the line for ARM's budget that is taken up later than this is lost. */
export const TURN_HOLDS_MS = MINUTE
/** Delay before the first repeat of a delivery; it doubles with each repeat. */
export const FIRST_RETRY_MS = 2 * SECOND
export const LONGEST_RETRY_MS = 15 * MINUTE
/** A delivery that has only met passing trouble is given up, shown as failed, after this time. */
export const GIVE_UP_AFTER_MS = 7 * DAY
/** Work that should have been looked at this long ago lost its message: the sweep sends another. */
export const SWEEP_GRACE_MS = 2 * MINUTE
