import { readConfig } from '../../src/config.ts'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import { formatProblem } from '../../src/core/rules/problem.ts'
import type { RuleSet } from '../../src/core/rules/rule-set.ts'
import { readRulesFolder } from '../../src/files/rules-folder.ts'
import { createGitRules } from '../../src/git/git-rules.ts'

const NEEDED = ['LAKEMARK_RULES', 'LAKEMARK_RULES_TOKEN', 'LAKEMARK_CLOUD'] as const

/** The rules that the app will follow, read as it will read them. Rejects with all their problems. */
export async function readRules(environment: Readonly<Record<string, string | undefined>>): Promise<RuleSet> {
  // The other settings are the app's, in Azure: here they may be half of what it needs.
  const config = readConfig(Object.fromEntries(NEEDED.map(name => [name, environment[name]])))
  const { rules, rulesToken, cloud } = config
  if (rules.kind === 'git' && rulesToken?.startsWith('keyvault:')) {
    throw new Error('LAKEMARK_RULES_TOKEN: give the token itself here; a vault is for the app to read')
  }
  const files =
    rules.kind === 'folder'
      ? await readRulesFolder(rules.folder)
      : (await createGitRules({ ...rules, token: async () => rulesToken }).read()).files
  const parsed = parseRules([...files], { cloud })
  if (parsed.ok) return parsed.rules
  throw new Error(parsed.problems.map(formatProblem).join('\n'))
}
