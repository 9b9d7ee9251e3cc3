/**
 * Braces of a pattern: `{name}` is a capture, `{a,b}` a choice, `{1..3}` a sequence. Choices and sequences are
 * expanded by minimatch itself, so they mean what they mean there; captures pass through it as placeholders.
 */
import { braceExpand } from 'minimatch'
import { replacePlaceholders, toPlaceholder } from './placeholders.ts'
import type { PatternProblem } from './problem.ts'

/** Choices multiply: `{a,b}{c,d}` is four alternatives, each of which is compiled and tried. */
export const MAX_ALTERNATIVES = 1000
/** Bounds the nesting, and with it the work of one expansion. */
export const MAX_BRACES = 64

const CAPTURE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** What minimatch counts as a sequence. */
const SEQUENCE = /^(-?\d+\.\.-?\d+|[a-zA-Z]\.\.[a-zA-Z])(\.\.-?\d+)?$/

export interface Expansion {
  /** Patterns without choices, captures as placeholders; what braces are left in them is literal. */
  alternatives: string[]
  /** The captures by index, in the order in which they stand in the pattern; may repeat a name. */
  names: string[]
}

/** All the plain patterns that the braces of `text` stand for. */
export function expandBraces(text: string, maxAlternatives = MAX_ALTERNATIVES): Expansion | PatternProblem {
  const guarded = guardCaptures(text)
  if ('problem' in guarded) return guarded

  const alternatives = [...new Set(braceExpand(guarded.text, { braceExpandMax: maxAlternatives + 1 }))]
  if (alternatives.length > maxAlternatives) {
    return { problem: `the braces make more than ${maxAlternatives} alternatives; use a wildcard instead` }
  }
  if (alternatives.length === 0) return { problem: 'the braces hold nothing but empty choices' }
  return { alternatives, names: guarded.names }
}

/** The text of one alternative as a pattern of its own: captures restored, literal braces escaped. */
export function toPatternText(alternative: string, names: string[]): string {
  const escaped = alternative.replace(/\\[\s\S]|[{}]/g, part => (part.startsWith('\\') ? part : `\\${part}`))
  return replacePlaceholders(escaped, index => `{${names[index]}}`)
}

/** Replaces every capture by its placeholder, and refuses braces that are neither capture nor choice. */
function guardCaptures(text: string): { text: string; names: string[] } | PatternProblem {
  const open: { at: number; isChoice: boolean }[] = []
  const captures: { start: number; end: number; name: string }[] = []
  let braces = 0

  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    const innermost = open.at(-1)
    if (char === '\\') i++
    else if (char === '{') {
      if (++braces > MAX_BRACES) return { problem: `more than ${MAX_BRACES} braces` }
      open.push({ at: i, isChoice: false })
    } else if (char === ',' && innermost) innermost.isChoice = true
    else if (char === '}' && innermost) {
      open.pop()
      if (innermost.isChoice) continue
      const name = text.slice(innermost.at + 1, i)
      if (SEQUENCE.test(name)) continue
      if (!CAPTURE_NAME.test(name) || name === '__proto__') return { problem: notACapture(name) }
      captures.push({ start: innermost.at, end: i + 1, name })
    }
  }

  captures.sort((a, b) => a.start - b.start)
  let guarded = ''
  let done = 0
  captures.forEach(({ start, end }, index) => {
    guarded += text.slice(done, start) + toPlaceholder(index)
    done = end
  })
  return { text: guarded + text.slice(done), names: captures.map(capture => capture.name) }
}

function notACapture(name: string): string {
  return (
    `{${name}} is not a capture: names are letters, digits and _, not starting with a digit, nor __proto__; ` +
    'a choice has a comma, as in {a,b}; write \\{ and \\} for literal braces'
  )
}
