/** YAML into plain values, with the place of each of them. Hostile files cost bounded time and memory. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml'
import { type Problem, toMessage } from './problem.ts'

export const MAX_FILE_CHARACTERS = 256 * 1024
const MAX_DEPTH = 16
/** What aliases make of the file counts too. */
const MAX_NODES = 100_000
/** Resolving one costs a walk through the file. */
const MAX_ALIASES = 100

const TOO_DEEP = 'nested too deeply'

/** Globs and templates begin with what means something else in YAML. */
export const QUOTES_HINT = 'text that begins with *, {, [, ! or & must stand in quotes'

/** Keys and indexes, from the top of the file. */
export type Path = readonly (string | number)[]

export interface YamlTree {
  file: string
  /** Plain objects, arrays and scalars; null for an empty file. */
  value: unknown
  /** The place of a value or of its key; of the nearest thing around it, where it is missing. */
  locate(path: Path, part: 'key' | 'value'): { line: number; column: number; endColumn?: number }
  /** The lines of a value and of its key, both included. */
  linesOf(path: Path): { from: number; to: number }
}

/**
 * The tree of one YAML 1.2 document, and every problem with it as YAML. There is no tree where the text is not YAML
 * at all or beyond the limits; what else is wrong is left out of it.
 */
export function parseYaml(file: string, text: string): { tree: YamlTree | undefined; problems: Problem[] } {
  const positionOf = createPositions(text)
  const problemAt = (offset: number, message: string): Problem => {
    return { file, ...positionOf(offset), message: toMessage(message) }
  }
  if (text.length > MAX_FILE_CHARACTERS) {
    const problem = problemAt(0, `the file is longer than ${MAX_FILE_CHARACTERS} characters; split it`)
    return { tree: undefined, problems: [problem] }
  }

  const options = { prettyErrors: false, uniqueKeys: false, logLevel: 'error' } as const
  const document = read(() => parseDocument(text, options))
  if (document === undefined) return { tree: undefined, problems: [problemAt(0, TOO_DEEP)] }
  const errors = [...document.errors, ...document.warnings]
  const problems = errors.map(error => problemAt(error.pos[0], `not valid YAML: ${messageOf(error)}`))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const control = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/)
  if (control >= 0) problems.push(problemAt(control, 'control characters are not allowed'))
  if (document.directives?.yaml.version !== '1.2') problems.push(problemAt(0, 'only YAML 1.2 is read'))
  if (problems.length > 0) return { tree: undefined, problems }

  const { value, isWhole } = toPlain(document, (node, message) => {
    problems.push(problemAt(startOf(node), message))
  })
  if (!isWhole) return { tree: undefined, problems }
  const pairsOf = createPairIndex()
  const locate: YamlTree['locate'] = (path, part) => {
    const { node, isIt } = nodeAt(document.contents, path, part, pairsOf)
    const place = positionOf(startOf(node))
    const end = positionOf(endOf(node))
    return isIt && end.line === place.line && end.column > place.column
      ? { ...place, endColumn: end.column }
      : place
  }
  const linesOf: YamlTree['linesOf'] = path => {
    const { node } = nodeAt(document.contents, path, 'value', pairsOf)
    return { from: locate(path, 'key').line, to: positionOf(endOf(node)).line }
  }
  return { tree: { file, value, locate, linesOf }, problems }
}

/** Undefined where the parser runs out of stack: it notices most of what is nested too deeply, but not all. */
function read<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Of an offset, from 1. The library's own counter loses lines in what it cannot read. */
function createPositions(text: string): (offset: number) => { line: number; column: number } {
  const starts = [0]
  for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) starts.push(index + end.length)
  return offset => {
    const at = Math.min(Math.max(offset, 0), text.length)
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= at) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: at - (starts[low] ?? 0) + 1 }
  }
}

function messageOf({ code, message }: { code: string; message: string }): string {
  if (code === 'RESOURCE_EXHAUSTION') return TOO_DEEP
  if (code === 'MULTIPLE_DOCS') return 'a file holds one document; take this --- away'
  return code === 'UNEXPECTED_TOKEN' ? `${message}; ${QUOTES_HINT}` : message
}

/** The plain value of the document, without what is reported; not whole where a limit ended the reading. */
function toPlain(
  document: Document.Parsed,
  report: (node: unknown, message: string) => void,
): { value: unknown; isWhole: boolean } {
  let nodes = 0
  let aliases = 0
  let isWhole = true
  const value = plain(document.contents, 0)
  return { value, isWhole }

  function plain(node: unknown, depth: number): unknown {
    if (!isWhole) return undefined
    if (++nodes > MAX_NODES) return stop(node, `more than ${MAX_NODES} values, with those of the aliases`)
    if (depth > MAX_DEPTH) return stop(node, `nested more than ${MAX_DEPTH} levels deep`)
    if (isScalar(node)) return node.value
    if (isSeq(node)) return node.items.map(item => plain(item, depth + 1))
    if (isMap(node)) return plainMap(node.items, depth)
    if (!isAlias(node)) return null
    if (++aliases > MAX_ALIASES) return stop(node, `more than ${MAX_ALIASES} aliases`)
    const target = node.resolve(document)
    if (target !== undefined) return plain(target, depth + 1)
    report(node, `no anchor &${node.source} stands before this alias; ${QUOTES_HINT}`)
    return undefined
  }

  function stop(node: unknown, message: string): undefined {
    report(node, message)
    isWhole = false
  }

  function plainMap(pairs: { key: unknown; value: unknown }[], depth: number): Record<string, unknown> {
    const entries = new Map<string, unknown>()
    for (const { key, value } of pairs) {
      const name = isScalar(key) ? String(key.value) : undefined
      if (name === undefined) report(key, 'a key must be plain text')
      else if (name === '__proto__') report(key, 'the key __proto__ is not allowed; choose another name')
      else if (entries.has(name)) report(key, `the key ${name} stands twice in this map; keep one of them`)
      else entries.set(name, plain(value, depth + 1))
    }
    return Object.fromEntries(entries)
  }
}

/** Hostile files have many problems in one map: searching it for each of them would cost the square of that. */
function createPairIndex(): (map: YAMLMap) => Map<string, Pair> {
  const known = new WeakMap<YAMLMap, Map<string, Pair>>()
  return map => {
    const pairs =
      known.get(map) ??
      new Map(map.items.map(pair => [isScalar(pair.key) ? String(pair.key.value) : '', pair]))
    known.set(map, pairs)
    return pairs
  }
}

function nodeAt(
  root: unknown,
  path: Path,
  part: 'key' | 'value',
  pairsOf: ReturnType<typeof createPairIndex>,
): { node: unknown; isIt: boolean } {
  let node = root
  for (const [i, step] of path.entries()) {
    if (isMap(node)) {
      const pair = pairsOf(node).get(String(step))
      if (pair === undefined) return { node, isIt: false }
      const isKeyWanted = part === 'key' && i === path.length - 1
      // A key without a value has its problem where the key stands.
      const isEmpty = !pair.value || (isScalar(pair.value) && pair.value.value === null)
      if (isKeyWanted || isEmpty) return { node: pair.key, isIt: true }
      node = pair.value
    } else if (isSeq(node) && typeof step === 'number' && node.items[step]) node = node.items[step]
    // A list of one may be written as that one alone.
    else return { node, isIt: isScalar(node) }
  }
  return { node, isIt: true }
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0
}

function endOf(node: unknown): number {
  return (node as Node | null)?.range?.[1] ?? 0
}
