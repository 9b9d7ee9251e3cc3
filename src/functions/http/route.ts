import type { HttpRequest } from '@azure/functions'
import type * as z from 'zod'
import type { AuditLog } from '../../app/audit/audit.ts'
import type { Caller, Role } from '../../core/access/caller.ts'
import type { Operated } from '../../core/access/decision.ts'
import type { LakemarkOpener } from '../../open-lakemark.ts'
import type { Answer } from './answers.ts'

/**
 * One route of the HTTP API: all that is to be known of it stands in its definition, and registering it, the API's
 * document and the tests of who may call follow from that.
 */
export interface Route<Q extends z.ZodObject = z.ZodObject, B extends z.ZodType = z.ZodType> {
  /** The function's name in Azure, and the operation's in the API's document. */
  name: string
  method: 'GET' | 'POST' | 'DELETE'
  /** Below the host's route prefix; `{name}` is a parameter: one segment, decoded. */
  path: string
  /** One sentence without a full stop. */
  summary: string
  /** The app role that the caller needs. `public`: none, nor a token; for liveness only. */
  access: Role | 'public'
  /**
   * Of a route that operates rules, before anything is done: which ones, of valid input. With it, operators that a
   * rule names may call without a role, and where it names some, the role Lakemark.Operate is not enough. Undefined:
   * nothing is touched, and the role decides.
   */
  operates?(call: Call<Q, B>): Promise<Operated | undefined>
  /** The caller may prove itself by the secret of the push webhook instead of a token, and without tokens must. */
  proof?: 'webhook'
  /** Whether it may change anything. It is written to the audit trail then, and the rate is another. */
  changes: boolean
  /** Headers that it looks at: names and what they say. */
  headers?: Readonly<Record<string, string>>
  /** A strict object: what it does not name is refused. Without it the route takes none. */
  query?: Q
  /** Of JSON; no body at all counts as `{}`. Without it a body is not looked at. */
  body?: B
  /** Why a key of the body is not known here, where callers may have reason to think that it is. */
  whyUnknown?(key: string): string | undefined
  /** The longest body, in bytes; 64 KiB where nothing is said. */
  maxBodyBytes?: number
  /** By status. Those that every route may answer are added to the API's document. */
  answers: Readonly<Record<number, RouteAnswer>>
  handle(call: Call<Q, B>): Promise<Answer>
}

export interface RouteAnswer {
  description: string
  /** Of a JSON body. Without it: a problem, or what `contentType` says. */
  schema?: z.ZodType
  contentType?: string
  /** Names and what they say. */
  headers?: Readonly<Record<string, string>>
}

/** One call of a route whose caller is known and may make it, with valid input. */
export interface Call<Q extends z.ZodObject = z.ZodObject, B extends z.ZodType = z.ZodType> {
  lakemark: LakemarkOpener
  audit: () => Promise<AuditLog>
  /** All routes, this one among them. */
  routes: readonly Route[]
  caller: Caller
  params: Readonly<Record<string, string>>
  query: z.output<Q>
  body: z.output<B>
  /** For its headers and its address. */
  request: HttpRequest
}

/** Gives a definition its types. */
export function defineRoute<Q extends z.ZodObject, B extends z.ZodType>(route: Route<Q, B>): Route {
  return route
}

/** The names of the parameters in a route's path. */
export function parametersOf({ path }: Pick<Route, 'path'>): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}
