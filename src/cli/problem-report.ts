/** Problems and warnings of files, as people, machines and GitHub read them. */
import type { Problem } from '../core/rules/problem.ts'
import { codeFrame } from './code-frame.ts'
import type { Paint } from './terminal/paint.ts'
import { printable } from './terminal/printable.ts'

export type Severity = 'problem' | 'warning'

export interface Findings {
  problems: readonly Problem[]
  warnings: readonly Problem[]
}

/** Each with the lines around its place; `texts` are the files, by the path that the problems call them. */
export function formatFindings(
  { problems, warnings }: Findings,
  texts: ReadonlyMap<string, string>,
  paint: Paint,
): string {
  const concealed = Map.groupBy(problems, it => it.file)
  const format = (severity: Severity) => (it: Problem) => {
    const hidden = (concealed.get(it.file) ?? []).flatMap(other => other.concealed ?? [])
    return formatFinding(it, severity, texts.get(it.file), hidden, paint)
  }
  const formatted = [...problems.map(format('problem')), ...warnings.map(format('warning'))]
  return formatted.map(text => `${text}\n`).join('\n')
}

/** `2 problems, 1 warning in 3 files` */
export function summaryOf({ problems, warnings }: Findings, files: number): string {
  const found = [
    ...(problems.length > 0 || warnings.length === 0 ? [counted(problems.length, 'problem')] : []),
    ...(warnings.length > 0 ? [counted(warnings.length, 'warning')] : []),
  ]
  return `${found.join(', ')} in ${counted(files, 'file')}`
}

/**
 * Workflow commands, one a line, which GitHub shows at their place in a pull request
 * (docs.github.com/actions/reference/workflows-and-actions/workflow-commands).
 */
export function toWorkflowCommands({ problems, warnings }: Findings): string[] {
  const command = (name: string, title: string) => (problem: Problem) => {
    const { file, line, column, message } = problem
    const properties = Object.entries({ file, line, col: column, title })
    const listed = properties.map(([key, value]) => `${key}=${escapeProperty(String(value))}`).join(',')
    return `::${name} ${listed}::${escapeData(message)}`
  }
  return [
    ...problems.map(command('error', 'Problem in the rules')),
    ...warnings.map(command('warning', 'Warning about the rules')),
  ]
}

/** Fields that are not known are left out. */
export function toJson(problem: Problem, severity: Severity): object {
  const { file, line, column, endColumn, message, suggestion } = problem
  return { severity, file, line, column, endColumn, message, suggestion }
}

function formatFinding(
  problem: Problem,
  severity: Severity,
  text: string | undefined,
  concealed: readonly { from: number; to: number }[],
  paint: Paint,
): string {
  const style = severity === 'problem' ? 'red' : 'yellow'
  const { file, line, column, message } = problem
  const label = severity === 'problem' ? '' : `${paint(style, 'warning:')} `
  const heading = `${paint('bold', printable(`${file}:${line}:${column}`))}  ${label}${printable(message)}`
  return text === undefined
    ? heading
    : `${heading}\n${codeFrame(text, { ...problem, concealed }, paint, style)}`
}

function counted(count: number, thing: string): string {
  return `${count === 0 ? 'no' : count} ${thing}${count === 1 ? '' : 's'}`
}

function escapeData(text: string): string {
  const escaped = text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  return printable(escaped)
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
