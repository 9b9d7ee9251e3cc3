/** Names that differ in more letters than this are not meant. */
const MAX_DISTANCE = 2
/** Longer names are nobody's typing error, and comparing them costs. */
const MAX_LENGTH = 64
const MAX_CANDIDATES = 500

/** The candidate that was probably meant. */
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
