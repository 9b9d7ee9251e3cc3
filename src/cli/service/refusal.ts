/** What the service refuses, and what to do next. */
import type { Route } from '../../functions/http/route.ts'
import { UsageError } from '../usage-error.ts'
import { isPrivate, type ServiceAddress } from './address.ts'
import type { ServiceAnswer } from './exchange.ts'

/** The service has refused something. */
export class RefusedError extends UsageError {
  readonly status: number
  /** The problem's name, such as `unknown-asset`; undefined: it said none. */
  readonly problem: string | undefined
  /** What else it said. */
  readonly body: unknown

  constructor(
    message: string,
    { status, problem, body }: { status: number; problem: string | undefined; body: unknown },
  ) {
    super(message)
    this.status = status
    this.problem = problem
    this.body = body
  }
}

interface Asked {
  address: ServiceAddress
  route: Pick<Route, 'access' | 'method' | 'path'>
  /** A token was sent, for this audience. */
  audience: string | undefined
}

export function toRefusal(asked: Asked, answer: ServiceAnswer): RefusedError {
  const { status } = answer
  const { type, detail, instance } = problemIn(answer.body)
  const problem = type?.replace(/^urn:lakemark:/, '')
  const message = [detail ?? strange(asked, answer), ...nextStep(asked, answer, problem, instance)]
  return new RefusedError(message.filter(line => line !== '').join('\n'), {
    status,
    problem,
    body: answer.body,
  })
}

function nextStep(
  asked: Asked,
  answer: ServiceAnswer,
  problem: string | undefined,
  instance?: string,
): string[] {
  switch (answer.status) {
    case 401:
      return [howToBeKnown(asked, answer)]
    case 403:
      return problem === 'missing-role' ? [howToGetRole(asked)] : []
    case 429:
      return [againIn(answer)]
    case 503:
      return problem === undefined
        ? []
        : [`Something that the service needs is in trouble. ${againIn(answer)}`]
    case 500:
      return instance === undefined ? [] : [`It stands there as ${instance}`]
    default:
      return []
  }
}

/** Where the answer is not a problem that a service of ours answers. */
function strange({ address, route }: Asked, { status, headers }: ServiceAnswer): string {
  const path = `/api/${route.path}`
  if (status >= 300 && status < 400) {
    const to = URL.parse(headers.get('location') ?? '', address.base)?.origin
    return `${address.base} sends elsewhere (${status}${to === undefined ? '' : ` to ${to}`}); give the address that it is to be`
  }
  if (status === 404) {
    return `${address.base} knows no ${route.method} ${path}: is it the address of Lakemark, and not of an older version?`
  }
  if (status === 401 || status === 403) return `${address.base} does not let you in (${status})`
  if (status >= 500) return `${address.base} is in trouble (${status} from ${path}); try again later`
  return `${address.base} answered ${path} in a way that is not Lakemark's (${status}); is the address right?`
}

function howToBeKnown({ address, audience }: Asked, { headers }: ServiceAnswer): string {
  const challenge = headers.get('www-authenticate') ?? ''
  const wanted = /\bresource_id="([\w.:/-]+)"/.exec(challenge)?.[1]
  const tenant = /\bauthorization_uri="https:\/\/[\w.-]+\/([\w-]+)\//.exec(challenge)?.[1]
  if (!isPrivate(address.base)) return 'Tokens are sent over https alone: give its https address'
  if (audience === undefined) {
    return wanted === undefined
      ? 'It may want a token, by --audience AUDIENCE (the App ID URI of its API), or a function key, as ?code=… in its address'
      : `Say whom your token is to be for: --audience ${wanted}, or set LAKEMARK_AUDIENCE`
  }
  const isOther = wanted !== undefined && wanted !== audience
  const login = `az login${tenant === undefined ? '' : ` --tenant ${tenant}`}`
  return isOther
    ? `Your token is for ${audience}; the service names ${wanted}: --audience ${wanted}. It may also help to log in: ${login}`
    : `Log in to its tenant with: ${login}`
}

function howToGetRole({ route }: Asked): string {
  const role = route.access === 'public' ? 'Lakemark.Read' : route.access
  return `Ask those who keep the app registration of Lakemark's API to assign you the app role ${role}, then log in anew: a token keeps the roles that it was made with`
}

function againIn({ headers }: ServiceAnswer): string {
  const seconds = headers.get('retry-after')
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? `Try again in ${seconds} s` : 'Try again in a minute'
}

function problemIn(body: unknown): { type?: string; detail?: string; instance?: string } {
  const text = (value: unknown) => (typeof value === 'string' ? { value } : undefined)
  const { type, detail, instance } = (body ?? {}) as Record<string, unknown>
  return {
    ...(text(type) && { type: String(type) }),
    ...(text(detail) && { detail: String(detail) }),
    ...(text(instance) && { instance: String(instance) }),
  }
}
