import { explainMatch } from '../explain/explain-match.ts'
import { reasonOf } from '../explain/sentences.ts'
import type { RuleSet } from '../rules/rule-set.ts'
import type { WhyNot } from './run-examples.ts'

/** The first condition that fails, as `lakemark explain` tells it. */
export function createWhyNot(rules: RuleSet): WhyNot {
  return (ref, rule) => {
    const { isWatched, isDirectory, nearestContainers, verdicts } = explainMatch(rules, ref)
    if (isDirectory) return 'the name is that of a directory, which no rule takes'
    if (!isWatched) {
      const known = nearestContainers.map(({ account, container }) => `${account}/${container}`).join(', ')
      return `no rule watches ${ref.account}/${ref.container}; rules watch ${known}`
    }
    const missed = verdicts.filter(({ result }) => result.kind !== 'matched')
    const told = missed.find(it => it.rule === rule) ?? (rule === undefined ? missed[0] : undefined)
    const reason = told && reasonOf(told.result)
    if (told !== undefined) return reason && `rule ${told.rule}: ${reason}`
    const named = rules.rules.find(it => it.name === rule)
    return named && (named.account !== ref.account || named.container !== ref.container)
      ? `rule ${named.name} watches ${named.account}/${named.container}`
      : undefined
  }
}
