/** Names that differ in more letters than this are not meant. */
const MAX_DISTANCE = 2
/** Longer names are nobody's typing error, and comparing them costs. */
const MAX_LENGTH = 64
const MAX_CANDIDATES = 500

/** A shorter part of a name says too little to know which name is meant. */
const MIN_PART_LENGTH = 3

/**
 * `did you mean X? `, to stand before what else a message says, and X: the nearest candidate, or the only one that
 * the name is a part of. '' where nothing is near.
 */
export function didYouMean(
  name: string,
  candidates: readonly string[],
  show: (candidate: string) => string = candidate => candidate,
): { hint: string; suggestion?: string } {
  const suggestion = nearestName(name, candidates) ?? onlyOneHolding(name, candidates)
  return suggestion === undefined
    ? { hint: '' }
    : { hint: `did you mean ${show(suggestion)}? `, suggestion: show(suggestion) }
}

/** The candidate with the fewest differences, if there are few. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined
  let nearestDistance = MAX_DISTANCE + 1
  for (const candidate of candidates.slice(0, MAX_CANDIDATES)) {
    const longer = Math.max(name.length, candidate.length)
    if (longer > MAX_LENGTH || Math.abs(name.length - candidate.length) > MAX_DISTANCE) continue
    const distance = distanceOf(name.toLowerCase(), candidate.toLowerCase())
    // At least two letters must remain.
    if (distance < nearestDistance && distance <= longer - 2) {
      nearest = candidate
      nearestDistance = distance
    }
  }
  return nearest
}

function onlyOneHolding(name: string, candidates: readonly string[]): string | undefined {
  if (name.length < MIN_PART_LENGTH || name.length > MAX_LENGTH) return undefined
  const part = name.toLowerCase()
  const holding = candidates.slice(0, MAX_CANDIDATES).filter(it => it.toLowerCase().includes(part))
  return holding.length === 1 ? holding[0] : undefined
}

/** Letters to insert, delete, replace or swap (neighbours) to get from a to b. */
function distanceOf(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) row[j] = Math.min(at(i, j), at(i - 2, j - 2) + 1)
    }
  }
  return at(a.length, b.length)
}
