import { readConfig } from '../../config.ts'
import { parseRules } from '../../core/rules/parse-rules.ts'
import { readRulesFolder } from '../../files/rules-folder.ts'
import { type Findings, formatFindings, summaryOf, toJson, toWorkflowCommands } from '../problem-report.ts'
import { namedRulesFolder } from '../rules-place.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { paint } from '../terminal/paint.ts'
import { UsageError } from '../usage-error.ts'

export type CheckFormat = 'text' | 'json' | 'github'

/** Tells everything that is wrong or doubtful in the rules of a folder. The exit code is 1 where there is a problem. */
export async function check(folder: string | undefined, format: CheckFormat): Promise<void> {
  const place = await namedRulesFolder(folder)
  const files = await readRulesFolder(place)
  if (files.length === 0)
    throw new UsageError(`${place}: no rule files, which end in .yaml or .yml, lie there`)
  const parsed = parseRules(files, readConfig())
  const findings: Findings = { problems: parsed.ok ? [] : parsed.problems, warnings: parsed.warnings }
  console.log(formatted(findings, files, format))
  process.exitCode = parsed.ok ? 0 : 1
}

function formatted(
  findings: Findings,
  files: readonly { path: string; text: string }[],
  format: CheckFormat,
): string {
  const { problems, warnings } = findings
  const summary = summaryOf(findings, files.length)
  switch (format) {
    case 'json':
      return toJsonText({
        ok: problems.length === 0,
        problems: problems.map(it => toJson(it, 'problem')),
        warnings: warnings.map(it => toJson(it, 'warning')),
      })
    case 'github':
      return [...toWorkflowCommands(findings), summary].join('\n')
    case 'text': {
      const told = formatFindings(findings, new Map(files.map(it => [it.path, it.text])), paint)
      return told === '' ? summary : `${told}\n${summary}`
    }
  }
}
