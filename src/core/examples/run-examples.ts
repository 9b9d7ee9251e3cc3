import { toIntent } from '../asset/to-intent.ts'
import type { BlobRef } from '../blob-ref.ts'
import { createMatcher, type Match } from '../matching.ts'
import { type Place, within } from '../rules/report.ts'
import type { RuleSet } from '../rules/rule-set.ts'
import type { Example, Expectation } from './parse-examples.ts'

/** Where what the rules make of a file is not what its example says. */
export interface Difference {
  place: Place
  expected: string
  found: string
  /** Where that is known. */
  reason: string | undefined
}

export interface Outcome {
  example: Example
  /** None: the example holds. */
  differences: Difference[]
}

/** Why a file makes no asset: of this rule, where one is named; else of the rule that comes nearest. */
export type WhyNot = (ref: BlobRef, rule: string | undefined) => string | undefined

/** What a rule that matches makes of the file, or why it can make nothing. */
type Made = Match & { refusal: string | undefined }

/** Holds every example against the rules. */
export function runExamples(examples: readonly Example[], rules: RuleSet, whyNot: WhyNot): Outcome[] {
  const { match } = createMatcher(rules)
  return examples.map(example => {
    const made = match(example.ref).map((it): Made => ({ ...it, refusal: refusalOf(it, example.ref, rules) }))
    return { example, differences: compare(example, made, whyNot) }
  })
}

function refusalOf(match: Match, ref: BlobRef, rules: RuleSet): string | undefined {
  const news = { ref, content: undefined, sequencer: undefined }
  const intent = toIntent(news, match, { rules, commit: undefined })
  return 'refused' in intent ? intent.refused : undefined
}

function compare({ ref, expected, place }: Example, all: readonly Made[], whyNot: WhyNot): Difference[] {
  const left = new Set(all)
  const found = listed(all)
  const differences: Difference[] = []
  for (const wanted of expected) {
    const nearest = [...left]
      .filter(made => made.refusal === undefined && made.asset === wanted.asset)
      .map(made => ({ made, differences: compareFields(wanted, made) }))
      .sort((a, b) => a.differences.length - b.differences.length)[0]
    if (nearest === undefined) {
      const isMade = all.some(it => it.asset === wanted.asset)
      const reason = refusalIn(all, wanted.rule) ?? (isMade ? undefined : whyNot(ref, wanted.rule))
      differences.push({ place: within(wanted.place, 'asset'), expected: toText(wanted), found, reason })
    } else {
      left.delete(nearest.made)
      differences.push(...nearest.differences)
    }
  }
  // What is left over where something else is missing has been told as what was found instead.
  if (left.size === 0 || differences.length > 0) return differences
  const wanted = expected.length === 0 ? 'no match' : `${expected.map(toText).join(', ')} and no more`
  return [{ place, expected: wanted, found, reason: refusalIn(all, undefined) }]
}

function compareFields(expected: Expectation, match: Match): Difference[] {
  const { rule } = match
  const folder = rule.type === 'uri_folder' ? match.dataPath : undefined
  const fields: [keyof Expectation, string | undefined, string | undefined][] = [
    ['rule', expected.rule, rule.name],
    ['type', expected.type, rule.type],
    ['workspaces', expected.workspaces && sorted(expected.workspaces), sorted(rule.workspaces)],
    ['folder', expected.folder, folder],
    ['role', expected.role, match.role],
    ['description', expected.description, match.description],
  ]
  const differences = fields.flatMap(([key, wanted, found]) =>
    wanted === undefined || wanted === found
      ? []
      : difference(within(expected.place, key), key, wanted, found),
  )
  for (const [key, wanted] of Object.entries(expected.tags ?? {})) {
    const found = Object.hasOwn(match.tags, key) ? match.tags[key] : undefined
    if (found !== wanted) {
      differences.push(difference(within(expected.place, 'tags', key), `tag ${key}`, wanted, found))
    }
  }
  return differences
}

function difference(place: Place, what: string, wanted: string, found: string | undefined): Difference {
  const told = (value: string | undefined) =>
    value === undefined ? `no ${what}` : `${what} ${value || '""'}`
  return { place, expected: told(wanted), found: told(found), reason: undefined }
}

function toText({ asset, rule }: { asset: string; rule: string | undefined }): string {
  return rule === undefined ? asset : `${asset} of rule ${rule}`
}

function listed(all: readonly Made[]): string {
  const told = all.map(({ asset, rule, role, refusal }) => {
    const made = refusal === undefined ? asset : 'a refusal'
    return `${made} of rule ${rule.name}${role === 'marker' ? ' (its marker)' : ''}`
  })
  return told.length === 0 ? 'no match' : told.join(', ')
}

function refusalIn(all: readonly Made[], ruleName: string | undefined): string | undefined {
  const refused = all.find(it => it.refusal !== undefined && (ruleName ?? it.rule.name) === it.rule.name)
  return refused && `rule ${refused.rule.name} refuses the file: ${refused.refusal}`
}

function sorted(names: readonly string[]): string {
  return [...new Set(names)].sort().join(', ')
}
