import type * as z from 'zod'
import { kindOf } from './kind.ts'
import { type Place, type Reporter, within } from './report.ts'
import { didYouMean } from './suggestion.ts'
import { QUOTES_HINT } from './yaml-tree.ts'

export type Shape = Readonly<Record<string, z.ZodType>>

/** What was given and valid: a field that is left out or wrong is undefined. */
export type Fields<S extends Shape> = { [K in keyof S]: z.output<S[K]> | undefined }

/**
 * Parses a map field by field, so that the problems of all fields are reported at once and what is valid can be
 * checked further. A schema's description says what would be right. Undefined when `raw` is no map.
 */
export function parseFields<S extends Shape>(
  shape: S,
  raw: unknown,
  place: Place,
  report: Reporter,
): Fields<S> | undefined {
  const map = toMap(raw)
  const allowed = Object.keys(shape)
  if (map === undefined) {
    report.value(place, `expected a map with the keys ${allowed.join(', ')}, found ${kindOf(raw)}`)
    return undefined
  }
  for (const key of Object.keys(map)) {
    if (Object.hasOwn(shape, key)) continue
    const { message, suggestion } = unknownKey(key, allowed)
    report.key(within(place, key), message, suggestion)
  }
  const fields = Object.entries(shape).map(([key, schema]) => {
    const value = Object.hasOwn(map, key) ? map[key] : undefined
    return [key, parseField(schema, value, within(place, key), report)]
  })
  return Object.fromEntries(fields) as Fields<S>
}

/** The parsed value; undefined when it is wrong, which is reported. */
export function parseField<T extends z.ZodType>(
  schema: T,
  raw: unknown,
  place: Place,
  report: Reporter,
): z.output<T> | undefined {
  const result = schema.safeParse(raw, { reportInput: true })
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    const steps = issue.path.map(step => (typeof step === 'number' ? step : String(step)))
    const { message, suggestion } = told(issue, schema.description ?? 'another value')
    report.value(within(place, ...steps), message, suggestion)
  }
  return undefined
}

/** The entries of a map of which every value is parsed alone; none for an empty one. */
export function entriesOf(
  raw: unknown,
  place: Place,
  expected: string,
  report: Reporter,
): [string, unknown][] {
  if (raw === undefined || raw === null) return []
  const map = toMap(raw)
  if (map === undefined) report.value(place, `expected ${expected}, found ${kindOf(raw)}`)
  return Object.entries(map ?? {})
}

function toMap(raw: unknown): Record<string, unknown> | undefined {
  const isMap = typeof raw === 'object' && raw !== null && !Array.isArray(raw)
  return isMap ? (raw as Record<string, unknown>) : undefined
}

interface Told {
  message: string
  suggestion?: string | undefined
}

function unknownKey(key: string, allowed: string[]): Told {
  if (key === '<<') return { message: 'merge keys (<<) are not read; write the keys out' }
  const { hint, suggestion } = didYouMean(key, allowed)
  return { message: `unknown key ${key}; ${hint}allowed: ${allowed.join(', ')}`, suggestion }
}

function quotesHint(expected: string, input: unknown): string {
  return expected === 'string' && typeof input === 'object' && input !== null ? `; ${QUOTES_HINT}` : ''
}

function told(issue: z.core.$ZodIssue, expected: string): Told {
  if (issue.code !== 'invalid_value') return { message: messageOf(issue, expected) }
  const found = typeof issue.input === 'string' ? issue.input : kindOf(issue.input)
  const allowed = issue.values.map(String)
  const { hint, suggestion } = didYouMean(found, allowed)
  return { message: `${found} is not known; ${hint}allowed: ${allowed.join(', ')}`, suggestion }
}

function messageOf(issue: z.core.$ZodIssue, expected: string): string {
  const { input } = issue
  switch (issue.code) {
    case 'invalid_type':
      if (input === undefined) return `missing; expected ${expected}`
      if (issue.expected === 'string' && (typeof input === 'number' || typeof input === 'boolean')) {
        return `${input} is a ${typeof input}, not text; put it in quotes: "${input}"`
      }
      return `expected ${expected}, found ${kindOf(input)}${quotesHint(issue.expected, input)}`
    case 'too_small':
      return `is empty; expected ${expected}`
    case 'too_big':
      return `has more than ${issue.maximum} entries`
    default:
      return issue.message
  }
}
