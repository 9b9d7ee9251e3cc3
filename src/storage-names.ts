/** What Lakemark keeps in the app's own account, by the names that subscriptions, roles and alerts know. */

export const LEDGER_TABLE = 'lakemarkLedger'
export const AGENDA_TABLE = 'lakemarkAgenda'
/** Where failed deliveries may be found. */
export const FAILURES_TABLE = 'lakemarkFailures'
/** Of re-sync: its runs, and what it remembers of listings. */
export const RUNS_TABLE = 'lakemarkRuns'
export const LISTINGS_TABLE = 'lakemarkListings'
export const WORK_QUEUE = 'lakemark-work'
/**
 * That Event Grid may deliver to instead of calling the app: the way where the app cannot be called from outside, behind
 * private endpoints. The name stands in the subscriptions.
 */
export const EVENT_QUEUE = 'lakemark-events'
/** Of the app's own account: what all its processes share and no table holds. */
export const OWN_CONTAINER = 'lakemark'
/** Of the app's own account: what the Event Grid subscriptions name as the destination of dead letters. */
export const DEAD_LETTER_CONTAINER = 'dead-letters'
