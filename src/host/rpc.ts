/**
 * The shapes that `@azure/functions` (programming model v4) and the module `@azure/functions-core` exchange.
 * No package declares them; they follow the sources of `@azure/functions` 4.16 and of the Node.js worker.
 */

export interface RpcTypedData {
  string?: string
  json?: string
  bytes?: Uint8Array
  int?: number
  double?: number
  http?: RpcHttpData
}

export interface RpcHttpData {
  method?: string
  /** Absolute. */
  url?: string
  nullableHeaders?: Record<string, Nullable<string>>
  nullableParams?: Record<string, Nullable<string>>
  nullableQuery?: Record<string, Nullable<string>>
  body?: RpcTypedData | null
  /** From here on: of answers only. */
  statusCode?: string
  headers?: Record<string, string>
  cookies?: RpcHttpCookie[]
}

export interface Nullable<T> {
  value: T
}

export interface RpcHttpCookie {
  name: string
  value: string
  domain?: Nullable<string>
  path?: Nullable<string>
  expires?: { value: { seconds: number } }
  secure?: Nullable<boolean>
  httpOnly?: Nullable<boolean>
  /** `none`: do not say; `explicitNone`: say `SameSite=None`. */
  sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone'
  maxAge?: Nullable<number>
}

export interface RpcBinding {
  type: string
  direction?: string
  [option: string]: unknown
}

export interface FunctionMetadata {
  name: string
  /** By binding name; `$return` is the return value's. */
  bindings: Record<string, RpcBinding>
  retryOptions?: unknown
}

export type FunctionCallback = (...inputs: unknown[]) => unknown
export type HookCallback = (context: Record<string, unknown>) => unknown
export type RpcLogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none'
export type RpcLogCategory = 'user' | 'system' | 'customMetric'

export interface CoreInvocationContext {
  invocationId: string
  metadata: FunctionMetadata
  request: {
    invocationId: string
    inputData: { name: string; data: RpcTypedData | undefined }[]
    triggerMetadata: Record<string, RpcTypedData>
  }
  state: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined
  log(level: RpcLogLevel, category: RpcLogCategory, message: string): void
}

export interface InvocationResponse {
  outputData?: { name: string; data: RpcTypedData }[]
  returnValue?: RpcTypedData | null
}

export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>
  invokeFunction(context: unknown, inputs: unknown[], handler: FunctionCallback): Promise<unknown>
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>
}

export interface ProgrammingModel {
  name: string
  version: string
  getInvocationModel(context: CoreInvocationContext): InvocationModel | Promise<InvocationModel>
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>
}
