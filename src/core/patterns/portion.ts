/** What minimatch makes of the text between two slashes. */
import { Minimatch, type MinimatchOptions } from 'minimatch'

/** Braces are expanded before, and a segment has no path to optimise. */
const OPTIONS: MinimatchOptions = {
  dot: true,
  nonegate: true,
  nocomment: true,
  nobrace: true,
  platform: 'linux',
  optimizationLevel: 0,
}

/** Tests a whole segment of a path. */
export function compileWhole(text: string): (segment: string) => boolean {
  if (text === '') return segment => segment === ''
  const test = compile(text)
  // minimatch's wildcards skip `.` and `..`; in a blob's name they are names like any other.
  const testAsPart = compilePart(text)
  return segment => {
    if (segment === '') return false
    return segment === '.' || segment === '..' ? testAsPart(segment) : test(segment)
  }
}

/** Tests a part of a segment, which may be empty. */
export function compilePart(text: string): (part: string) => boolean {
  // Behind an x nothing is special: neither the start of a segment, nor an empty one, nor `.` and `..`.
  const test = compile(`x${text}`)
  return part => test(`x${part}`)
}

function compile(text: string): (segment: string) => boolean {
  const portion = new Minimatch(text, OPTIONS).set[0]?.[0]
  if (typeof portion === 'string') return segment => segment === portion
  if (typeof portion === 'object') return segment => portion.testUnchecked(segment)
  throw new Error(`minimatch made nothing of the segment ${JSON.stringify(text)}`)
}
