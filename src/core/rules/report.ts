/** Where a value stands in the rule files, and how a problem with it is told. */
import { type Problem, toMessage } from './problem.ts'
import type { Path, YamlTree } from './yaml-tree.ts'

/** `workspaces`, the alias, `credential`; datastores likewise. */
const CREDENTIAL_DEPTH = 3

export interface Place {
  tree: YamlTree
  path: Path
}

export interface Reporter {
  /** A problem with the value at `place`, and what was probably meant. */
  value(place: Place, message: string, suggestion?: string): void
  /** A problem with the key at `place`; the message names it. */
  key(place: Place, message: string, suggestion?: string): void
  /** Not wrong, but probably not what is meant. */
  warn(place: Place, message: string): void
}

export function createReporter(): Reporter & { problems: Problem[]; warnings: Problem[] } {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  return {
    problems,
    warnings,
    value: (place, message, suggestion) =>
      problems.push(toProblem(place, 'value', labelled(place.path, message), suggestion)),
    key: (place, message, suggestion) => problems.push(toProblem(place, 'key', message, suggestion)),
    warn: (place, message) => warnings.push(toProblem(place, 'value', labelled(place.path, message))),
  }
}

export function within({ tree, path }: Place, ...steps: (string | number)[]): Place {
  return { tree, path: [...path, ...steps] }
}

/** `rules/sales.yaml:12`, to point out another place in a message. */
export function lineOf({ tree, path }: Place): string {
  return `${tree.file}:${tree.locate(path, 'key').line}`
}

function toProblem(
  { tree, path }: Place,
  part: 'key' | 'value',
  message: string,
  suggestion?: string,
): Problem {
  const { line, column, endColumn } = tree.locate(path, part)
  const problem = {
    file: tree.file,
    line,
    column,
    message: toMessage(message),
    ...(isOfCredential(path)
      ? { concealed: tree.linesOf(path.slice(0, CREDENTIAL_DEPTH)) }
      : endColumn !== undefined && { endColumn }),
  }
  return suggestion === undefined ? problem : { ...problem, suggestion }
}

/** What is wrong there may be a secret that stands where its reference belongs. */
function isOfCredential(path: Path): boolean {
  return path[CREDENTIAL_DEPTH - 1] === 'credential' && (path[0] === 'workspaces' || path[0] === 'datastores')
}

/** The keys that lead to the value; within a rule or an example, those from there on. */
function labelled(path: Path, message: string): string {
  const isInItem = (path[0] === 'rules' || path[0] === 'tests') && path.length > 1
  const steps = isInItem ? path.slice(2) : path
  const label = steps.filter(step => typeof step === 'string').join('.')
  return label === '' ? message : `${label}: ${message}`
}
