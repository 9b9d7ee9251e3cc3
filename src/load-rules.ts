import type { ActiveRules } from './app/ports.ts'
import { RulesError } from './app/rules/rules-keeper.ts'
import type { Cloud } from './core/clouds.ts'
import { parseRules } from './core/rules/parse-rules.ts'
import { formatProblem } from './core/rules/problem.ts'
import { readRulesFolder } from './files/rules-folder.ts'

/** Reads and checks the rules. Throws RulesError with all problems: a bad rule set never starts. */
export async function loadRules(
  folder: string,
  commit: string | undefined,
  cloud?: Cloud,
): Promise<ActiveRules & { warnings: string[] }> {
  const files = await readRulesFolder(folder)
  if (files.length === 0) throw new RulesError(`${folder}:1:1  no rule files; add one that ends in .yaml`)
  const parsed = parseRules(files, cloud === undefined ? {} : { cloud })
  if (!parsed.ok) throw new RulesError(parsed.problems.map(formatProblem).join('\n'))
  return { rules: parsed.rules, commit, warnings: parsed.warnings.map(formatProblem) }
}
