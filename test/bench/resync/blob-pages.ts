import { blobText, nameOf } from '../listing/blob-text.ts'

/** What List Blobs would answer for the first `count` blobs, whatever it is asked. */
export interface BlobPages {
  /** Blobs with the prefix, at most a page of them. */
  flat(count: number, prefix: string, start: Start, limit: number): ListedPage
  /** What lies one level below the prefix. */
  folders(count: number, prefix: string): Buffer[]
}

/** Where a page begins: with the marker's number, or with a name. */
export interface Start {
  marker: number | undefined
  name: string
}

export interface ListedPage {
  /** Of `<Blobs>`. */
  content: Buffer[]
  blobs: number
  /** Undefined: it is the last. */
  next: number | undefined
}

const TEXTS_PER_BUFFER = 5000

/** Written beforehand, so that sending them is all the work there is. */
export function createBlobPages(count: number): BlobPages {
  const buffers: Buffer[] = []
  const starts: Uint32Array[] = []
  for (let from = 0; from < count; from += TEXTS_PER_BUFFER) {
    const texts = Array.from({ length: Math.min(TEXTS_PER_BUFFER, count - from) }, (_, at) =>
      Buffer.from(blobText(from + at)),
    )
    const ends = new Uint32Array(texts.length + 1)
    for (const [at, text] of texts.entries()) ends[at + 1] = (ends[at] ?? 0) + text.length
    buffers.push(Buffer.concat(texts))
    starts.push(ends)
  }

  /** The first number from `from` on of which this holds; it holds of all behind it, too. */
  function firstWhere(from: number, end: number, holds: (name: string) => boolean): number {
    let [low, high] = [from, end]
    while (low < high) {
      const middle = (low + high) >> 1
      if (holds(nameOf(middle))) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Names ascend with the number, as strings compare. */
  function rangeOf(count: number, prefix: string): { from: number; end: number } {
    const from = firstWhere(0, count, name => name >= prefix)
    return { from, end: firstWhere(from, count, name => !name.startsWith(prefix)) }
  }

  function textsOf(from: number, end: number): Buffer[] {
    const content: Buffer[] = []
    for (let at = from; at < end; ) {
      const index = Math.floor(at / TEXTS_PER_BUFFER)
      const first = index * TEXTS_PER_BUFFER
      const last = Math.min(end, first + TEXTS_PER_BUFFER)
      const bounds = starts[index] as Uint32Array
      content.push((buffers[index] as Buffer).subarray(bounds[at - first], bounds[last - first]))
      at = last
    }
    return content
  }

  return {
    flat(count, prefix, start, limit) {
      const range = rangeOf(count, prefix)
      const from = start.marker ?? firstWhere(range.from, range.end, name => name >= start.name)
      const end = Math.min(range.end, from + limit)
      return { content: textsOf(from, end), blobs: end - from, next: end < range.end ? end : undefined }
    },
    folders(count, prefix) {
      const { from, end } = rangeOf(count, prefix)
      const content: Buffer[] = []
      for (let at = from; at < end; ) {
        const slash = nameOf(at).indexOf('/', prefix.length)
        const folder = slash < 0 ? undefined : nameOf(at).slice(0, slash + 1)
        content.push(
          ...(folder === undefined
            ? textsOf(at, at + 1)
            : [Buffer.from(`<BlobPrefix><Name>${folder}</Name></BlobPrefix>`)]),
        )
        at = folder === undefined ? at + 1 : firstWhere(at, end, name => !name.startsWith(folder))
      }
      return content
    },
  }
}
