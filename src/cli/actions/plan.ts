import { createPlanning } from '../../app/questions/plan.ts'
import { RulesError } from '../../app/rules/rules-keeper.ts'
import { type Config, readConfig } from '../../config.ts'
import { NO_RULES } from '../../core/rule-plan/planner.ts'
import { parseRules } from '../../core/rules/parse-rules.ts'
import { formatProblem } from '../../core/rules/problem.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import { readRulesFolder } from '../../files/rules-folder.ts'
import type { JsonOption, ServiceOptions } from '../command.ts'
import { openLake } from '../plan/lake.ts'
import { readOldRules } from '../plan/old-rules.ts'
import { formatPlanMarkdown } from '../plan/plan-markdown.ts'
import { formatPlan } from '../plan/plan-text.ts'
import { rulesFolder } from '../rules-place.ts'
import { findRunning } from '../running.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { outputTable } from '../terminal/output.ts'
import { createProgress } from '../terminal/progress.ts'
import { UsageError } from '../usage-error.ts'

export interface PlanOptions extends JsonOption, ServiceOptions {
  base?: string
  against?: string
  markdown?: boolean
}

/** The exit code where something changes; 0: nothing does, 1: it could not be told. */
const CHANGES = 2

/** Tells what the rules of the folder would change, over all that lies in the lake. It writes nothing. */
export async function plan(options: PlanOptions): Promise<void> {
  try {
    await tell(options)
  } catch (error) {
    // 2 says that something changes: wrong usage must not.
    throw error instanceof UsageError ? new UsageError(error.message) : error
  }
}

async function tell({ base, against, json, markdown, url, audience }: PlanOptions): Promise<void> {
  if (base !== undefined && against !== undefined) throw new UsageError('give --base or --against, not both')
  if (json && markdown) throw new UsageError('give --json or --markdown, not both')
  const config = readConfig()
  const folder = rulesFolder(config.rules)
  const running = await findRunning(config.home)
  const next = parsed(await readRulesFolder(folder), `the rules in ${folder}`, config)
  const { label, files } = await readOldRules({
    base,
    against,
    service: { url, audience },
    running,
    folder,
  })
  const old = files.length === 0 ? NO_RULES : parsed(files, `the old rules, ${label},`, config)

  const progress = createProgress(process.stderr)
  try {
    const made = await createPlanning({ lake: openLake(config, running) })(old, next, (count, container) =>
      progress.show(`listed ${count.toLocaleString('en')} files, now in ${container}`),
    )
    progress.clear()
    const told = { old: label, new: folder, ...made }
    if (json) console.log(toJsonText(told))
    else console.log(markdown ? formatPlanMarkdown(told) : formatPlan(told, outputTable()))
    process.exitCode = made.isChange ? CHANGES : 0
  } finally {
    progress.clear()
  }
}

/** Throws RulesError with all problems. */
function parsed(files: readonly { path: string; text: string }[], what: string, { cloud }: Config): RuleSet {
  const { ok, ...result } = parseRules(files, { cloud })
  if ('rules' in result) return result.rules
  throw new RulesError(`${what} have problems:\n${result.problems.map(formatProblem).join('\n')}`)
}
