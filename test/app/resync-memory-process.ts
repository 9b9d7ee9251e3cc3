/**
 * Compares so many blobs twice, with nothing known and with everything known, over a lake and a ledger that hold
 * nothing in memory. Prints JSON: how much the heap held at the most, and how long each run took.
 */
import type { Lake, Ledger, ListedBlob } from '../../src/app/ports.ts'
import { createMemoryWorld } from '../support/memory-world.ts'

const PAGE = 5000
const RULE = `
rules:
  - name: everything
    from: contosolake/silver
    match: "**/*.csv"
    asset: everything
    type: uri_folder
    folder: ""
    settle: 5m
    to: [ml-retail]
`

const count = Number(process.argv[2])
let peak = 0

const world = createMemoryWorld(RULE, ({ lake, ledger }) => ({
  lake: { ...lake, listFlat, listFolders: async () => ({ items: [], blobs: [], continuation: 'more' }) },
  ledger: { ...ledger, readFiles },
}))

const times: number[] = []
for (let run = 0; run < 2; run += 1) {
  const began = performance.now()
  const answer = await world.lakemark.resync.start({ filter: {}, by: 'test' })
  await world.drain()
  const ended = answer.kind === 'refused' ? undefined : await world.lakemark.resync.get(answer.run.id)
  if (ended?.state !== 'done' || ended.counters.listed !== count) throw new Error(JSON.stringify(ended))
  times.push(Math.round(performance.now() - began))
}
process.stdout.write(JSON.stringify({ count, peak, times }))

async function listFlat(
  _: unknown,
  { continuation }: Parameters<Lake['listFlat']>[1],
): ReturnType<Lake['listFlat']> {
  const from = Number(continuation ?? 0)
  const next = Math.min(count, from + PAGE)
  globalThis.gc?.()
  peak = Math.max(peak, process.memoryUsage().heapUsed)
  const items = Array.from({ length: next - from }, (_, index) => blobAt(from + index))
  return { items, continuation: next < count ? String(next) : undefined }
}

function blobAt(index: number): ListedBlob {
  const day = String(Math.floor(index / 1000)).padStart(5, '0')
  const path = `sales/region=eu/day=${day}/part-${String(index).padStart(9, '0')}.csv`
  return { path, etag: '0x1', sizeBytes: 1, lastModified: 0, isDirectory: false, isBeingCopied: false }
}

/** Knows every file that it is asked for, with the etag that all of them have. */
async function readFiles(
  _: string,
  { files }: Parameters<Ledger['readFiles']>[1],
): ReturnType<Ledger['readFiles']> {
  const ref = { account: 'contosolake', container: 'silver', path: '' }
  const file = { ref, etag: '0x1', sizeBytes: 1, sequencer: undefined, removed: false, cut: 1, target: '' }
  return {
    head: undefined,
    etag: undefined,
    files: new Map(files.map(key => [key, { ...file, key, recordedAt: 0 }])),
    gatherings: new Map(),
  }
}
