/** What an intercept is shown of a request: enough to pick the one that is to fail. */
export interface InterceptedRequest {
  method: string
  /** Without the query. */
  path: string
  /** Undefined where the path leads into no workspace, as is `workspace`. */
  subscription: string | undefined
  workspace: string | undefined
  /** Such as `PUT dataVersion`. */
  operation: string
}

/** An answer in place of the emulator's; a string is sent as HTML, anything else as JSON. */
export interface InterceptAnswer {
  status: number
  headers?: Record<string, string>
  body?: unknown
}

/** Nothing special, another answer, or a lost connection before or after the work is done. */
export type Interception = undefined | InterceptAnswer | 'hang-up-before' | 'hang-up-after'

/** Asked for every request, before anything of it is checked or done. */
export type Intercept = (request: InterceptedRequest) => Interception | Promise<Interception>
