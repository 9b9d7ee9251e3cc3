import type { Query } from './routes.ts'
import type { Store } from './store.ts'
import type { KnownWorkspace } from './workspaces.ts'

/** A request for a workspace that exists, let through by everything that ARM itself checks. */
export interface Call {
  method: string
  workspace: KnownWorkspace
  query: Query
  body: Buffer
  /** The request's address without its query, for links to next pages. */
  address: string
  nowMs: number
  store: Store
  /** The status for a version that is sent again with other data; 400 and 409 are both conceivable. */
  immutableStatus: 400 | 409
}

export interface Answer {
  status: number
  body: unknown
}
