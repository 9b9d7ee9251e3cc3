/** What the texts of a plan have in common. */
import type { LakePlan } from '../../app/questions/plan.ts'
import { ARM_WRITES_AT_ONCE, ARM_WRITES_PER_SECOND } from '../../core/rule-plan/arm-pace.ts'
import type { Change, SubscriptionPlan } from '../../core/rule-plan/rules-plan.ts'
import { HOUR, MINUTE, SECOND } from '../../core/time.ts'

/** A plan, and what was compared, in words. */
export interface ToldPlan extends LakePlan {
  old: string
  new: string
}

/** Rules that are told one by one. */
const MAX_RULES_TOLD = 50

export const PACE = `${ARM_WRITES_AT_ONCE} at once, then ${ARM_WRITES_PER_SECOND} a second`

/** The kinds of changed files, and what they are called. */
export const KINDS = [
  ['matched', 'Newly matched'],
  ['unmatched', 'No longer matched (what is registered stays)'],
  ['changed', 'Matched otherwise'],
  ['delivered', 'Also to other workspaces'],
  ['refused', 'Matched, but cannot be registered'],
] as const satisfies readonly (readonly [keyof LakePlan, string])[]

export function ruleLines({ added, removed, changed, renamed }: ToldPlan['rules']): string[] {
  const lines = [
    ...added.map(rule => `+ ${rule}  new`),
    ...removed.map(rule => `- ${rule}  removed`),
    ...changed.map(({ rule, fields }) => `~ ${rule}  ${fields.join(', ')}`),
    ...renamed.map(({ from, to }) => `= ${to}  was ${from}; makes nothing anew`),
  ]
  const more = lines.length - MAX_RULES_TOLD
  return more > 0 ? [...lines.slice(0, MAX_RULES_TOLD), `… and ${more} more`] : lines
}

export function count(number: number): string {
  return Math.round(number).toLocaleString('en')
}

/** A count that may be an estimate. */
export function about(number: number, isExact: boolean): string {
  return isExact ? count(number) : `≈ ${count(number)}`
}

export function plural(number: number, thing: string): string {
  return `${count(number)} ${thing}${number === 1 ? '' : 's'}`
}

/** How many of the files are shown. */
export function shownOf({ files, samples }: Change): string {
  return samples.length < files ? `first ${samples.length} of ${count(files)}` : count(files)
}

/** `1 h 23 min`; what is over in no time is `at once`. */
export function duration({ takesMs }: Pick<SubscriptionPlan, 'takesMs'>): string {
  if (takesMs === 0) return 'at once'
  const wholeMs = Math.ceil(takesMs / SECOND) * SECOND
  const hours = Math.floor(wholeMs / HOUR)
  const minutes = Math.floor((wholeMs % HOUR) / MINUTE)
  const seconds = (wholeMs % MINUTE) / SECOND
  if (hours > 0) return `${count(hours)} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds} s` : `${seconds} s`
}

/** What is to be known about the lake beside the counts. */
export function lakeLines({ listed, missing, files, isExact }: ToldPlan): string[] {
  const places = listed.length === 0 ? '' : ` in ${listed.join(', ')}`
  return [
    `${plural(files, 'file')} looked at${places}`,
    ...missing.map(container => `${container} does not exist`),
    ...(isExact ? [] : ['counts with ≈ are estimates: there are too many assets to tell them all apart']),
  ]
}
