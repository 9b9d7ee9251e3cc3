import { stat } from 'node:fs/promises'
import { readConfig } from '../config.ts'
import { isNotFound } from '../files/not-found.ts'
import type { RulesAddress } from '../git/rules-address.ts'
import { UsageError } from './usage-error.ts'

/** The folder of the rules, for commands that read them from this machine. Throws UsageError for a git address. */
export function rulesFolder(rules: RulesAddress): string {
  if (rules.kind === 'folder') return rules.folder
  throw new UsageError(
    'LAKEMARK_RULES is a git address; set it to the folder of the rules in a clone of it for this command',
    2,
  )
}

/** The folder that a command names, else that of LAKEMARK_RULES. Throws UsageError where there is none. */
export async function namedRulesFolder(named: string | undefined): Promise<string> {
  if (named === undefined) return rulesFolder(readConfig().rules)
  try {
    if ((await stat(named)).isDirectory()) return named
  } catch (error) {
    if (isNotFound(error)) throw new UsageError(`${named}: there is no such folder`)
    throw error
  }
  throw new UsageError(`${named}: not a folder; name the folder that holds the rule files`)
}
