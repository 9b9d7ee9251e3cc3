import type { BlobRef } from '../../src/core/blob-ref.ts'
import { SECOND } from '../../src/core/time.ts'
import type { MemoryLake } from '../../src/memory/lake.ts'
import { ACCOUNT, CONTAINER, expectedOf, PATHS } from './assets.ts'
import type { EventGrid } from './event-grid.ts'
import type { Change, History, StorageEvent } from './history.ts'
import type { Profile } from './profile.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

interface Dependencies {
  /** When bursts come, and how many; undefined: none do. */
  bursts: Random | undefined
  timeline: Timeline
  random: Random
  trace: Trace
  profile: Profile
  lake: MemoryLake
  history: History
  eventGrid: EventGrid
}

/** Changes come in groups: this many at most, this far apart at most. */
const MAX_GROUP = 5
const WITHIN_GROUP_MS = 3 * SECOND

export const refOf = (path: string): BlobRef => ({ account: ACCOUNT, container: CONTAINER, path })

/** Files that are new and land in one folder together, as a job leaves them. */
const BURST = { files: 8, times: 4 }

/** Plans all that users do to the lake while there is trouble. Answers when, in milliseconds from now. */
export function planUploads(dependencies: Dependencies): number[] {
  const { timeline, random, profile, bursts } = dependencies
  const paths = profile.rules.flatMap(rule => {
    const all = PATHS[rule]
    const from = random.between(0, all.length - 1)
    return Array.from({ length: random.between(1, 3) }, (_, index) =>
      String(all[(from + index) % all.length]),
    )
  })
  const user = createUser(dependencies)
  const moments: number[] = []
  for (let left = profile.changes; left > 0; ) {
    const groupAt = random.next() * profile.troubleMs
    const size = Math.min(left, random.between(1, MAX_GROUP))
    left -= size
    moments.push(groupAt)
    let path = random.pick(paths)
    for (let index = 0; index < size; index += 1) {
      // Files that are written over at once are where orders get mixed up.
      if (random.chance(0.6)) path = random.pick(paths)
      const target = path
      timeline.after(groupAt + random.between(0, WITHIN_GROUP_MS), () => user.change(target, paths))
    }
  }
  const count = bursts?.between(1, BURST.times) ?? 0
  for (let burst = 0; bursts !== undefined && burst < count; burst += 1) {
    const at = bursts.next() * profile.troubleMs
    moments.push(at)
    for (let file = 0; file < BURST.files; file += 1) {
      timeline.after(at, () => user.write(`logs/jobs/${burst}-${file}.json`))
    }
  }
  return moments
}

function createUser({ timeline, random, trace, lake, history, eventGrid }: Omit<Dependencies, 'bursts'>) {
  let events = 0
  let writes = 0

  const isThere = (path: string) => history.last(path)?.content !== undefined

  function change(path: string, paths: readonly string[]): void {
    const isMarker = expectedOf(path)?.role === 'marker'
    if (isThere(path) && random.chance(0.2)) remove(path)
    else if (!isMarker && random.chance(0.08)) renameOver(path, paths)
    else write(path)
  }

  function write(path: string): void {
    const api = random.pick(['PutBlob', 'PutBlob', 'PutBlockList', 'FlushWithClose', 'CopyBlob'])
    const isEmpty = expectedOf(path)?.role === 'marker' || random.chance(0.05)
    const content = put(path, isEmpty ? 0 : random.between(1, 999))
    publish('BlobCreated', path, { api, eTag: content.etag, contentLength: content.sizeBytes }, [
      { path, content },
    ])
  }

  function remove(path: string): void {
    lake.remove(refOf(path))
    publish('BlobDeleted', path, { api: 'DeleteBlob' }, [{ path, content: undefined }])
  }

  /** As on an account with a hierarchical namespace: one event for both names. */
  function renameOver(path: string, paths: readonly string[]): void {
    const sources = paths.filter(it => it !== path && isThere(it) && expectedOf(it)?.role === 'data')
    if (sources.length === 0) {
      write(path)
      return
    }
    const source = random.pick(sources)
    lake.remove(refOf(source))
    const content = put(path, history.last(source)?.content?.sizeBytes ?? 0)
    const url = `https://${ACCOUNT}.dfs.core.windows.net/${CONTAINER}`
    const data = { api: 'RenameFile', sourceUrl: `${url}/${source}`, destinationUrl: `${url}/${path}` }
    publish('BlobRenamed', path, data, [
      { path, content },
      { path: source, content: undefined },
    ])
  }

  function put(path: string, sizeBytes: number) {
    writes += 1
    const etag = `0x${writes.toString(16).toUpperCase()}`
    lake.put(refOf(path), { etag, sizeBytes, isDirectory: false, isBeingCopied: false })
    return { etag, sizeBytes }
  }

  function publish(
    type: string,
    path: string,
    data: Record<string, unknown>,
    changes: Pick<Change, 'path' | 'content'>[],
  ): void {
    events += 1
    const at = timeline.now()
    const event: StorageEvent = {
      id: events,
      body: undefined,
      changes: [],
      acknowledgedAt: undefined,
      isLost: false,
    }
    event.changes.push(...changes.map(made => history.add({ ...made, at, event })))
    const sequencer = (0xa000 + events).toString(16).padStart(32, '0')
    event.body = {
      topic: `/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/${ACCOUNT}`,
      subject: `/blobServices/default/containers/${CONTAINER}/blobs/${path}`,
      eventType: `Microsoft.Storage.${type}`,
      eventTime: '2026-01-15T12:00:00Z',
      id: String(events),
      data: { ...data, sequencer },
    }
    trace.count(`uploads: ${type}`)
    if (trace.isWanted) {
      const etag = changes[0]?.content?.etag ?? ''
      trace.line('user', `${type} ${path} ${etag}`, `event ${events}`)
    }
    eventGrid.publish(event)
  }

  return { change, write }
}
