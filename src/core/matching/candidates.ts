import type { BlobRef } from '../blob-ref.ts'
import { createSplitPath, type SplitPath, splitInto } from '../patterns/split-path.ts'
import type { Rule } from '../rules/rule-set.ts'
import { createRuleIndex, type RuleIndex } from './rule-index.ts'

export interface Candidates {
  /** The rules, by index, whose pattern or whose marker's pattern matches; `where` and `ignore` are not asked. */
  of(ref: BlobRef): readonly number[]
  /** The path that was asked for last, split. */
  path: SplitPath
  /** Whether any rule names the container. */
  watches(account: string, container: string): boolean
}

/** One index for each container. */
export function createCandidates(rules: readonly Rule[]): Candidates {
  const accounts = new Map<string, Map<string, RuleIndex>>()
  for (const [account, ofAccount] of Map.groupBy(rules.keys(), i => (rules[i] as Rule).account)) {
    const containers = Map.groupBy(ofAccount, i => (rules[i] as Rule).container)
    accounts.set(account, new Map([...containers].map(([name, its]) => [name, indexRules(rules, its)])))
  }
  const path = createSplitPath()
  return {
    of(ref) {
      const index = accounts.get(ref.account)?.get(ref.container)
      if (index === undefined) return []
      splitInto(path, ref.path)
      return index.find(path)
    },
    path,
    watches: (account, container) => accounts.get(account)?.has(container) ?? false,
  }
}

function indexRules(rules: readonly Rule[], its: number[]): RuleIndex {
  const entries = its.flatMap(rule => {
    const { match, marker } = rules[rule] as Rule
    return [match, ...(marker?.patterns ?? [])].flatMap(({ rows }) => rows.map(row => ({ ...row, rule })))
  })
  return createRuleIndex(entries)
}
