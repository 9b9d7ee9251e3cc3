/** Why a file is or is not registered, as far as the rules tell: pure, and bounded whatever the rules hold. */
import type { BlobRef } from '../blob-ref.ts'
import type { ContainerRef } from '../blob-url.ts'
import { createMatcher, type Match } from '../matching.ts'
import type { Rule, RuleSet } from '../rules/rule-set.ts'
import { nearestName } from '../rules/suggestion.ts'
import { isDirectoryName } from '../storage-events.ts'
import { compareMisses, createSegmentTests } from './pattern-miss.ts'
import { adviceOf } from './sentences.ts'
import { toVerdict, type Verdict } from './verdict.ts'

/** Rules of the file's container that are told of; the nearest ones. */
export const MAX_VERDICTS = 100
/** Containers that are offered where the file's is not watched. */
export const MAX_CONTAINERS_OFFERED = 5
/** Segments compared with segments of patterns, and segments of patterns compiled, for one explanation. */
const MAX_SEGMENT_TESTS = 500_000
const MAX_SEGMENTS_COMPILED = 5000

export interface MatchExplanation {
  ref: BlobRef
  /** The name is that of a directory: no rule is asked. */
  isDirectory: boolean
  /** Whether any rule names the container. */
  isWatched: boolean
  /** Where the container is not watched: those that rules name, the nearest by name first. */
  nearestContainers: ContainerRef[]
  /** Of the rules of the container: those that match, then those that do not, the nearest first. */
  verdicts: Verdict[]
  /** How many rules of the container are left out of these, and how many are of other containers. */
  notShown: number
  ofOtherContainers: number
  /** Where no rule takes the file: the one that got furthest, and what to do. */
  nearest: { rule: string; advice: string } | undefined
}

/** `match` is the matcher of these rules, where there is one already. */
export function explainMatch(
  ruleSet: RuleSet,
  ref: BlobRef,
  match: (ref: BlobRef) => Match[] = createMatcher(ruleSet).match,
): MatchExplanation {
  const { rules } = ruleSet
  const near = rules.filter(
    ({ account, container }) => account === ref.account && container === ref.container,
  )
  const matches = new Map(near.length === 0 ? [] : match(ref).map(it => [it.rule.name, it]))
  const tests = createSegmentTests(MAX_SEGMENT_TESTS, MAX_SEGMENTS_COMPILED)
  const verdicts = near
    .map(rule => toVerdict(rule, ref, matches.get(rule.name), ruleSet, tests))
    .sort(compareVerdicts)
  const isTaken = verdicts[0]?.result.kind === 'matched'
  const [first] = verdicts
  const advice = isTaken || first === undefined ? undefined : adviceOf(first)
  return {
    ref,
    isDirectory: isDirectoryName(ref.path),
    isWatched: near.length > 0,
    nearestContainers: near.length > 0 ? [] : nearestContainers(rules, ref),
    verdicts: verdicts.slice(0, MAX_VERDICTS),
    notShown: Math.max(0, verdicts.length - MAX_VERDICTS),
    ofOtherContainers: rules.length - near.length,
    nearest: first === undefined || advice === undefined ? undefined : { rule: first.rule, advice },
  }
}

/** Sorting keeps the order of the rules where nothing else tells. */
function compareVerdicts({ result: a }: Verdict, { result: b }: Verdict): number {
  if (stageOf(a) !== stageOf(b)) return stageOf(b) - stageOf(a)
  if (a.kind !== 'missed' || a.condition !== 'pattern') return 0
  if (b.kind !== 'missed' || b.condition !== 'pattern') return 0
  if (a.miss === undefined || b.miss === undefined)
    return Number(b.miss !== undefined) - Number(a.miss !== undefined)
  return compareMisses(a.miss, b.miss)
}

/** How far the file came on the rule's way. */
function stageOf(result: Verdict['result']): number {
  if (result.kind === 'matched') return 5
  if (result.kind === 'refused') return 4
  return { where: 3, ignore: 2, pattern: 1, container: 0 }[result.condition]
}

/** A typing error first, then the same account or container, then the others by name. */
function nearestContainers(rules: readonly Rule[], { account, container }: BlobRef): ContainerRef[] {
  const known = new Map(rules.map(it => [`${it.account}/${it.container}`, it]))
  const names = [...new Set(rules.map(it => it.container))]
  const accounts = [...new Set(rules.map(it => it.account))]
  // A path without an account has its container where the account belongs.
  const meant = [nearestName(container, names), nearestName(account, names)]
  const meantAccount = nearestName(account, accounts)
  const distance = (it: Rule) => {
    const isContainer = it.container === container || meant.includes(it.container) || it.container === account
    const isAccount = it.account === account || it.account === meantAccount
    return (isContainer ? 0 : 2) + (isAccount ? 0 : 1)
  }
  return [...known.values()]
    .sort((a, b) => distance(a) - distance(b) || (toName(a) < toName(b) ? -1 : 1))
    .slice(0, MAX_CONTAINERS_OFFERED)
    .map(it => ({ account: it.account, container: it.container }))
}

function toName({ account, container }: ContainerRef): string {
  return `${account}/${container}`
}
