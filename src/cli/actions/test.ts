import { readConfig } from '../../config.ts'
import { type Example, parseExamples } from '../../core/examples/parse-examples.ts'
import { type Difference, type Outcome, runExamples } from '../../core/examples/run-examples.ts'
import { createWhyNot } from '../../core/examples/why-not.ts'
import { parseRules } from '../../core/rules/parse-rules.ts'
import type { Problem } from '../../core/rules/problem.ts'
import type { Place } from '../../core/rules/report.ts'
import { readExampleFiles, readExamplesFolder } from '../../files/examples-folder.ts'
import { isNotFound } from '../../files/not-found.ts'
import { readRulesFolder } from '../../files/rules-folder.ts'
import { formatFindings, summaryOf, toJson } from '../problem-report.ts'
import { namedRulesFolder } from '../rules-place.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { paint } from '../terminal/paint.ts'
import { printable } from '../terminal/printable.ts'
import { UsageError } from '../usage-error.ts'

interface TextFile {
  path: string
  text: string
}

/**
 * Holds people's own examples against their rules: of the files named, or of all in `tests/` of the rules' folder.
 * The exit code is 1 where one does not hold, or where the rules or the examples have problems.
 */
export async function test(
  names: readonly string[],
  { rules: given, json = false }: { rules?: string; json?: boolean },
): Promise<void> {
  const folder = await namedRulesFolder(given)
  const ruleFiles = await readRulesFolder(folder)
  const files = names.length > 0 ? await readNamed(names) : await readExamplesFolder(folder)
  const parsed = parseRules(ruleFiles, readConfig())
  if (!parsed.ok) return tellProblems(parsed.problems, ruleFiles, json)
  const { examples, problems } = parseExamples(files, parsed.rules)
  if (problems.length > 0) return tellProblems(problems, files, json)
  if (examples.length === 0) {
    throw new UsageError(`no examples found; write some under tests: in ${folder}/tests/*.yaml`)
  }
  const outcomes = runExamples(examples, parsed.rules, createWhyNot(parsed.rules))
  const failed = outcomes.filter(it => it.differences.length > 0)
  const passed = outcomes.length - failed.length
  if (json) {
    const tests = outcomes.map(outcomeToJson)
    print({ ok: failed.length === 0, passed, failed: failed.length, problems: [], tests })
  } else {
    const count = `${failed.length} failed`
    const told = failed.map(it => `${formatOutcome(it)}\n\n`).join('')
    console.log(`${told}${passed} passed, ${failed.length > 0 ? paint('red', count) : count}`)
  }
  process.exitCode = failed.length === 0 ? 0 : 1
}

async function readNamed(names: readonly string[]): Promise<TextFile[]> {
  const files: TextFile[] = []
  for (const name of names) {
    try {
      files.push(...(await readExampleFiles([name])))
    } catch (error) {
      if (isNotFound(error)) throw new UsageError(`${name}: there is no such file`)
      throw error
    }
  }
  return files
}

function tellProblems(problems: readonly Problem[], files: readonly TextFile[], json: boolean): void {
  process.exitCode = 1
  if (json) {
    const told = problems.map(it => toJson(it, 'problem'))
    print({ ok: false, passed: 0, failed: 0, problems: told, tests: [] })
    return
  }
  const findings = { problems, warnings: [] }
  const texts = new Map(files.map(it => [it.path, it.text]))
  console.log(
    `${formatFindings(findings, texts, paint)}\n${summaryOf(findings, files.length)}; no example was tried`,
  )
}

function formatOutcome({ example, differences }: Outcome): string {
  const name = example.name === undefined ? '' : `${example.name}: `
  const at = paint('bold', printable(placeOf(differences[0]?.place ?? example.place)))
  const lines = differences.flatMap(difference => [
    `    expected  ${difference.expected}`,
    `    found     ${difference.found}`,
    ...(difference.reason === undefined ? [] : [`    because   ${difference.reason}`]),
  ])
  return [`${at}  ${printable(`${name}${fileOf(example)}`)}`, ...lines.map(printable)].join('\n')
}

function outcomeToJson({ example, differences }: Outcome): object {
  return {
    ok: differences.length === 0,
    name: example.name,
    file: example.place.tree.file,
    ...locate(example.place),
    path: fileOf(example),
    differences: differences.map(({ place, expected, found, reason }: Difference) => ({
      ...locate(place),
      expected,
      found,
      reason,
    })),
  }
}

function fileOf({ ref }: Example): string {
  return `${ref.account}/${ref.container}/${ref.path}`
}

function placeOf(place: Place): string {
  const { line, column } = locate(place)
  return `${place.tree.file}:${line}:${column}`
}

function locate({ tree, path }: Place): { line: number; column: number } {
  const { line, column } = tree.locate(path, 'value')
  return { line, column }
}

function print(value: unknown): void {
  console.log(toJsonText(value))
}
