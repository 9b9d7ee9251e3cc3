/** One alternative of a pattern: the segments that a path must have. */
import type { Captured } from './captures.ts'
import { captureIn, GLOBSTAR, MAX_PATH_LENGTH, matchesSegment, type Segment } from './segment.ts'
import type { SplitPath } from './split-path.ts'

export interface Row {
  parts: readonly Segment[]
  /** How many segments a path has at the least: exactly that many where there is no `**`. */
  minCount: number
  hasGlobstar: boolean
}

export function createRow(parts: readonly Segment[]): Row {
  const minCount = parts.filter(part => part.kind !== GLOBSTAR).length
  return { parts, minCount, hasGlobstar: minCount < parts.length }
}

/** `taken`, where it is given, gets for each part the segment of the path that it matched. */
export function matchesRow(
  { parts, minCount, hasGlobstar }: Row,
  path: SplitPath,
  taken?: number[],
): boolean {
  if (hasGlobstar ? path.count < minCount : path.count !== minCount) return false
  return matchesParts(parts, path, taken)
}

/** The captures of a path, in the order of the pattern; undefined: it does not match. */
export function captureRow(row: Row, path: SplitPath): Captured | undefined {
  const taken: number[] = []
  if (!matchesRow(row, path, taken)) return undefined
  const captured: Captured = []
  row.parts.forEach((part, i) => {
    if (part.capturing !== undefined) captured.push(...captureIn(part, path, taken[i] as number))
  })
  return captured
}

/** The most steps that matching and capturing can take with a path of {@link MAX_PATH_LENGTH} characters. */
export function rowSteps({ parts, hasGlobstar }: Row): number {
  const steps = parts.map(part => part.steps)
  if (hasGlobstar) return steps.reduce((sum, it) => sum + it, 0)
  // Each part meets one segment: most is done where one of them is as long as the path.
  return Math.max(...steps) + MAX_PATH_LENGTH
}

/**
 * Each `**` takes as few segments as it can; where the rest then fails, only the last one has to take more, as
 * whatever an earlier one could still reach, the last one reaches too. So each segment meets each part once.
 */
function matchesParts(parts: readonly Segment[], path: SplitPath, taken: number[] | undefined): boolean {
  let index = 0
  let segment = 0
  let afterGlobstar = -1
  let globstarEnd = 0

  while (segment < path.count) {
    const part = parts[index]
    if (part !== undefined && part.kind === GLOBSTAR) {
      afterGlobstar = ++index
      globstarEnd = segment
      if (afterGlobstar === parts.length) return true
    } else if (part !== undefined && matchesSegment(part, path, segment)) {
      if (taken !== undefined) taken[index] = segment
      index++
      segment++
    } else if (afterGlobstar >= 0) {
      index = afterGlobstar
      segment = ++globstarEnd
    } else return false
  }
  while (index < parts.length && (parts[index] as Segment).kind === GLOBSTAR) index++
  return index === parts.length
}
