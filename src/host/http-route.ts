import { isConstraint, meetsConstraint } from './route-constraint.ts'

/** A route template of an HTTP function, ready to be matched with request paths. */
export interface HttpRoute {
  /** With the prefix, for messages. */
  readonly template: string
  /** Orders routes: the smaller one is the more specific and is tried first. */
  readonly rank: string
  /**
   * The parameters (decoded) when the path (encoded, as in `URL.pathname`) matches, else undefined.
   */
  match(pathname: string): Record<string, string> | undefined
}

interface Parameter {
  readonly name: string
  readonly constraints: readonly string[]
  readonly optional: boolean
  readonly rest: boolean
  readonly fallback: string | undefined
}

interface Segment {
  readonly pattern: string
  readonly parameters: readonly Parameter[]
  /** One character; the smaller, the more specific. */
  readonly rank: string
}

const RANKS = { literal: '1', mixed: '2', constrained: '3', parameter: '4', constrainedRest: '5', rest: '6' }
const PARAMETER = /\{(\*{0,2})([A-Za-z_][\w-]*)((?::[^{}()=?]+(?:\([^)]*\))?)*)(\?)?(?:=([^{}]*))?\}/g

/**
 * Compiles an ASP.NET Core route template, as Azure Functions uses them: `{name}`, `{name?}`,
 * `{name=default}`, `{*rest}`, `{id:int}`, several parameters with text between them in one segment. Letter
 * case is ignored. Throws an Error that says what is wrong with the template.
 */
export function compileRoute(prefix: string, route: string): HttpRoute {
  const template = [prefix, route.replace(/^\/+|\/+$/g, '')].filter(part => part !== '').join('/')
  const segments = template === '' ? [] : splitSegments(template).map(part => compileSegment(part, template))
  const parameters = segments.flatMap(segment => segment.parameters)
  checkParameters(segments, parameters, template)
  const pattern = new RegExp(`^${segments.map(segment => segment.pattern).join('')}/?$`, 'i')

  function match(pathname: string): Record<string, string> | undefined {
    const found = pattern.exec(pathname === '/' ? '' : pathname)
    if (found === null) return undefined
    const values: [string, string][] = []
    for (const [index, parameter] of parameters.entries()) {
      const raw = found[index + 1]
      const value = raw === undefined || raw === '' ? parameter.fallback : decodeParameter(raw)
      if (value === undefined) continue
      if (!parameter.constraints.every(constraint => meetsConstraint(constraint, value))) return undefined
      values.push([parameter.name, value])
    }
    return Object.fromEntries(values)
  }

  return { template, rank: segments.map(segment => segment.rank).join(''), match }
}

/** As ASP.NET Core decodes a path: what is no UTF-8 stays as it is, and so does what would be a separator. */
function decodeParameter(raw: string): string {
  return raw.replace(/(?:%[0-9a-f]{2})+/gi, encoded => {
    try {
      return decodeURIComponent(encoded.replace(/%(?=2f)/gi, '%25'))
    } catch (error) {
      if (error instanceof URIError) return encoded
      throw error
    }
  })
}

/** At the slashes outside of braces: a `regex(…)` constraint may hold some. */
function splitSegments(template: string): string[] {
  return template.split(/\/(?![^{}]*\})/)
}

function compileSegment(text: string, template: string): Segment {
  const matches = [...text.matchAll(PARAMETER)]
  const parameters = matches.map(toParameter)
  const literals = literalsAround(text, matches)
  if (literals.some(literal => /[{}*?]/.test(literal))) {
    throw new Error(
      `route "${template}": cannot read "${text}"; {name}, {name?}, {name:int} or {*rest} is right`,
    )
  }
  for (const constraint of parameters.flatMap(parameter => parameter.constraints)) {
    if (!isConstraint(constraint)) throw new Error(`route "${template}": unknown constraint "${constraint}"`)
  }
  const [only] = parameters
  const whole = parameters.length === 1 && literals.every(literal => literal === '')
  if (whole && only !== undefined) return { pattern: wholePattern(only), parameters, rank: rankOf(only) }
  if (parameters.some(one => one.rest || one.optional || one.fallback !== undefined)) {
    throw new Error(`route "${template}": in "${text}" an optional or catch-all parameter must stand alone`)
  }
  if (literals.slice(1, -1).includes('')) {
    throw new Error(`route "${template}": in "${text}" parameters need some text between them`)
  }
  const pattern = `/${literals.map(literal => escapeLiteral(literal)).join('([^/]+?)')}`
  return { pattern, parameters, rank: parameters.length === 0 ? RANKS.literal : RANKS.mixed }
}

/** What stands before, between and behind the parameters: one more than there are. */
function literalsAround(text: string, matches: readonly RegExpExecArray[]): string[] {
  const ends = [0, ...matches.map(match => match.index + match[0].length)]
  const starts = [...matches.map(match => match.index), text.length]
  return ends.map((end, index) => text.slice(end, starts[index]))
}

function toParameter(match: RegExpExecArray): Parameter {
  const [, stars, name = '', constraints = '', question, fallback] = match
  return {
    name,
    constraints: constraints === '' ? [] : constraints.slice(1).split(/:(?![^(]*\))/),
    optional: question !== undefined,
    rest: stars !== '',
    fallback,
  }
}

function wholePattern({ rest, optional, fallback }: Parameter): string {
  if (rest) return '(?:/(.*))?'
  return optional || fallback !== undefined ? '(?:/([^/]+))?' : '/([^/]+)'
}

function rankOf({ rest, constraints }: Parameter): string {
  if (rest) return constraints.length > 0 ? RANKS.constrainedRest : RANKS.rest
  return constraints.length > 0 ? RANKS.constrained : RANKS.parameter
}

function escapeLiteral(literal: string): string {
  return encodeURI(literal).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function checkParameters(
  segments: readonly Segment[],
  parameters: readonly Parameter[],
  template: string,
): void {
  const names = parameters.map(parameter => parameter.name.toLowerCase())
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`route "${template}": parameter {${twice}} stands there twice`)
  const early = segments.slice(0, -1).flatMap(segment => segment.parameters)
  const open = early.find(one => one.rest || one.optional)
  if (open)
    throw new Error(`route "${template}": an optional or catch-all parameter must come last: {${open.name}}`)
}
