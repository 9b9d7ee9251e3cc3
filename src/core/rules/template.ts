/** Texts with names in braces: `sales-{region}`. `{{` and `}}` are literal braces. */
import type { BlobRef } from '../blob-ref.ts'

export const MAX_TEMPLATE_LENGTH = 1024

/** What every file has, besides the captures of its rule. */
export const BUILT_IN_NAMES = ['container', 'path', 'folder', 'file', 'stem', 'ext'] as const
export type BuiltInName = (typeof BUILT_IN_NAMES)[number]

export interface Template {
  source: string
  /** The names that it uses, in their order, without duplicates. */
  names: string[]
  parts: TemplatePart[]
  /** Throws when a name has no value: whoever makes a template checks its names. */
  render(values: Readonly<Record<string, string>>): string
}

export type TemplatePart = { text: string } | { name: string }

export interface TemplateProblem {
  problem: string
}

export function isBuiltInName(name: string): name is BuiltInName {
  return (BUILT_IN_NAMES as readonly string[]).includes(name)
}

export function parseTemplate(text: string): Template | TemplateProblem {
  if (text.length > MAX_TEMPLATE_LENGTH) {
    return { problem: `is longer than ${MAX_TEMPLATE_LENGTH} characters` }
  }
  const parts: TemplatePart[] = []
  for (const [token] of text.matchAll(/\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g)) {
    const part = toPart(token)
    if ('problem' in part) return part
    const last = parts.at(-1)
    if (last && 'text' in last && 'text' in part) last.text += part.text
    else parts.push(part)
  }
  const names = [...new Set(parts.flatMap(part => ('name' in part ? [part.name] : [])))]
  return { source: text, names, parts, render: values => parts.map(part => textOf(part, values)).join('') }
}

/**
 * `folder` is the path up to its last slash ('' at the root), `file` the rest; `ext` is what follows the file's
 * last dot, `stem` what precedes it. A dot at the file's start begins no extension: `.env` is a stem.
 */
export function builtinValues({ container, path }: BlobRef): Record<BuiltInName, string> {
  const slash = path.lastIndexOf('/')
  const file = path.slice(slash + 1)
  const dot = file.lastIndexOf('.')
  const hasExt = dot > 0 && file !== '..'
  return {
    container,
    path,
    folder: path.slice(0, Math.max(slash, 0)),
    file,
    stem: hasExt ? file.slice(0, dot) : file,
    ext: hasExt ? file.slice(dot + 1) : '',
  }
}

function toPart(token: string): TemplatePart | TemplateProblem {
  if (token === '{{' || token === '}}') return { text: token.charAt(0) }
  if (token === '{') return { problem: 'a { has no }; write {{ for a literal brace' }
  if (token === '}') return { problem: 'a } has no {; write }} for a literal brace' }
  if (!token.startsWith('{')) return { text: token }
  const name = token.slice(1, -1)
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return { name }
  return {
    problem: `{${name}} is not a name: names are letters, digits and _; write {{ and }} for literal braces`,
  }
}

function textOf(part: TemplatePart, values: Readonly<Record<string, string>>): string {
  if ('text' in part) return part.text
  const value = Object.hasOwn(values, part.name) ? values[part.name] : undefined
  if (value === undefined) throw new Error(`no value for {${part.name}}`)
  return value
}
