/** What is not wrong in the rules, but most likely not meant. */
import type { Defined } from '../definitions.ts'
import type { Reporter } from '../report.ts'
import type { Rule, Workspace } from '../rule-set.ts'
import { warnOfNoMatches } from './never-matches.ts'
import { warnOfPace } from './pace.ts'
import { warnOfSharedAssets } from './shared-assets.ts'

export function warnOfRules(
  rules: readonly Defined<Rule>[],
  workspaces: ReadonlyMap<string, Workspace>,
  report: Reporter,
): void {
  for (const rule of rules) {
    warnOfNoMatches(rule, report)
    warnOfPace(rule, workspaces, report)
  }
  warnOfSharedAssets(rules, report)
}
