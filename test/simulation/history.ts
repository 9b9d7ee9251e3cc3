/** What was done to the lake: the truth that everything else is measured against. */

/** One change of one blob. */
export interface Change {
  /** Grows from change to change, over all blobs. */
  order: number
  path: string
  /** Undefined: the blob was removed. */
  content: { etag: string; sizeBytes: number } | undefined
  at: number
  /** When the next change of the same blob was; undefined: this is how it lies there. */
  supersededAt: number | undefined
  event: StorageEvent
}

/** An event, as Event Grid carries it. */
export interface StorageEvent {
  id: number
  body: unknown
  changes: Change[]
  /** When the sender was first told that all is well. */
  acknowledgedAt: number | undefined
  /** It never comes, or never comes again. */
  isLost: boolean
}

export interface History {
  add(change: Omit<Change, 'order' | 'supersededAt'>): Change
  /** By path; each blob's changes in order. */
  readonly changes: ReadonlyMap<string, Change[]>
  /** The last change of a blob. */
  last(path: string): Change | undefined
  /** The change that made this content; undefined: nobody ever wrote it. */
  written(path: string, etag: string): Change | undefined
}

export function createHistory(): History {
  const changes = new Map<string, Change[]>()
  const written = new Map<string, Change>()
  let orders = 0
  return {
    changes,
    add(made) {
      orders += 1
      const change: Change = { ...made, order: orders, supersededAt: undefined }
      const all = changes.get(change.path) ?? []
      const before = all.at(-1)
      if (before !== undefined) before.supersededAt = change.at
      all.push(change)
      changes.set(change.path, all)
      if (change.content !== undefined) written.set(`${change.path} ${change.content.etag}`, change)
      return change
    },
    last: path => changes.get(path)?.at(-1),
    written: (path, etag) => written.get(`${path} ${etag}`),
  }
}
