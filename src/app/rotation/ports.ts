/** What the rotation of secrets needs of the world beside Azure ML: a port, implemented in `azure/` and `memory/`. */
import type { Turn } from '../../core/asset/asset.ts'
import type { Page, PageRequest } from '../ports.ts'

/** When one datastore is to be looked at in one workspace, and what came of it the last time. Holds no secret. */
export interface DatastoreLook {
  /** Of letters, digits, `!`, `$`, `_` and `-`. */
  key: string
  /** What was wanted then: place and credential, by the reference to its secret. */
  wanted: string
  /** Milliseconds since 1970, as all times here. */
  dueAt: number
  /** When it was last as it should be; undefined: never yet. */
  goodAt: number | undefined
  /** What has been in the way since; undefined: nothing. */
  trouble: { reason: string; since: number; attempts: number; isPermanent: boolean } | undefined
  /** Its place in the line for the requests that it takes; undefined: it has none. */
  turn?: Turn | undefined
}

export interface KnownLook extends DatastoreLook {
  etag: string
}

/** One row per datastore with a credential and workspace. Every function may throw TransientError. */
export interface DatastoreLooks {
  /** In the order of their keys. What cannot be read is as if it were not there. */
  list(page: PageRequest): Promise<Page<KnownLook>>
  /** 'conflict': it no longer has this etag (undefined: it exists). */
  write(look: DatastoreLook, etag: string | undefined): Promise<'written' | 'conflict'>
  /** Strikes off those that have not changed since they were read. */
  remove(looks: readonly KnownLook[]): Promise<void>
}
