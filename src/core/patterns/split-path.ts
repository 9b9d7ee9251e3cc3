/**
 * A path, split at its slashes without copying anything. It is made once and filled again for every path, as it is
 * the floor of what matching costs.
 */
export interface SplitPath {
  text: string
  /** How many segments there are: at least one, as '' is a segment too. */
  count: number
  /** Where each segment begins. It ends before the slash in front of the next one; see {@link endOfSegment}. */
  starts: Int32Array
  /** By segment, see {@link hashOf}. */
  hashes: Int32Array
}

const SLASH = 0x2f
/** Longer than any blob name; what is longer still makes room for itself. */
const INITIAL_SEGMENTS = 1026

export function createSplitPath(): SplitPath {
  return {
    text: '',
    count: 1,
    starts: new Int32Array(INITIAL_SEGMENTS),
    hashes: new Int32Array(INITIAL_SEGMENTS),
  }
}

export function splitInto(path: SplitPath, text: string): void {
  if (text.length + 2 > path.starts.length) {
    path.starts = new Int32Array(2 * text.length)
    path.hashes = new Int32Array(2 * text.length)
  }
  const { starts, hashes } = path
  let count = 0
  let hash = 0
  starts[0] = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === SLASH) {
      hashes[count++] = hash
      starts[count] = i + 1
      hash = 0
    } else hash = ((hash << 7) | (hash >>> 25)) ^ code
  }
  hashes[count++] = hash
  starts[count] = text.length + 1
  path.text = text
  path.count = count
}

/** Cheap before all, as it is taken of every character: equal hashes are a hint, never an answer. */
export function hashOf(segment: string): number {
  let hash = 0
  for (let i = 0; i < segment.length; i++) hash = ((hash << 7) | (hash >>> 25)) ^ segment.charCodeAt(i)
  return hash
}

export function startOfSegment({ starts }: SplitPath, segment: number): number {
  return starts[segment] as number
}

/** Just behind the segment's last character. */
export function endOfSegment({ starts }: SplitPath, segment: number): number {
  return (starts[segment + 1] as number) - 1
}
