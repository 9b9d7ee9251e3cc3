import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { reasonOf, TransientError } from '../core/errors.ts'
import { SECOND } from '../core/time.ts'
import type { AppRegistry } from './functions-core.ts'
import type { HostFunction } from './host-function.ts'
import { type HostLog, toLogLevel } from './log.ts'
import type {
  CoreInvocationContext,
  InvocationResponse,
  RpcLogCategory,
  RpcLogLevel,
  RpcTypedData,
} from './rpc.ts'

export interface InvocationRequest {
  /** What the trigger hands over: to be converted by the library, or (`value`) as it is. */
  readonly input: { readonly data: RpcTypedData } | { readonly value: unknown }
  readonly triggerMetadata?: Record<string, RpcTypedData>
}

export interface Invoker {
  /**
   * Runs one invocation with its hooks and outputs. Rejects when the handler, a hook or an output fails and
   * when the function's time is over; the failure is logged by then. A handler whose time is over cannot be
   * stopped.
   */
  invoke(fn: HostFunction, request: InvocationRequest): Promise<InvocationResponse>
  /** For `appStart` and `appTerminate`: hooks in the order of their registration, one after the other. */
  runAppHooks(name: 'appStart' | 'appTerminate'): Promise<void>
}

export interface InvokerOptions {
  readonly registry: AppRegistry
  /** undefined: no limit. */
  readonly timeoutMs: number | undefined
  readonly writeOutputs: (fn: HostFunction, response: InvocationResponse) => Promise<void>
  readonly log: HostLog
  readonly now: () => number
}

/** Which invocation the running code belongs to. */
export const invocationOf = new AsyncLocalStorage<{ function: string; invocationId: string }>()

/** The order of steps is the Node.js worker's. */
export function createInvoker(options: InvokerOptions): Invoker {
  const { registry, timeoutMs, writeOutputs, log, now } = options
  const appHookData = {}
  const appLevelHookData = {}

  async function invoke(fn: HostFunction, request: InvocationRequest): Promise<InvocationResponse> {
    const fields = { function: fn.name, invocationId: randomUUID() }
    const startedAt = now()
    const elapsed = () => ({ ...fields, durationMs: now() - startedAt })
    try {
      const run = () => runSteps(fn, request, fields.invocationId)
      const response = await withinTime(fn, timeoutMs, () => invocationOf.run(fields, run))
      log('debug', 'function succeeded', elapsed())
      return response
    } catch (error) {
      const stack = error instanceof Error ? error.stack : undefined
      log('error', 'function failed', { ...elapsed(), error: reasonOf(error), stack })
      throw error
    }
  }

  async function runSteps(fn: HostFunction, request: InvocationRequest, invocationId: string) {
    const core = createContext(fn, request, invocationId)
    const model = await registry.model.getInvocationModel(core)
    const { context, inputs } = await model.getArguments()
    if ('value' in request.input) inputs[0] = request.input.value
    const shared = { hookData: {}, appHookData, invocationContext: context }

    const before = { ...shared, inputs, functionCallback: fn.handler }
    if (registry.hooks('preInvocation').length > 0) await runHooks('preInvocation', core, before)
    const after = { ...shared, inputs: before.inputs, result: null as unknown, error: null as unknown }
    core.state = 'invocation'
    try {
      after.result = await model.invokeFunction(context, before.inputs, before.functionCallback)
    } catch (error) {
      after.error = error ?? new Error(`the handler threw ${error}`)
    }
    core.state = undefined
    if (registry.hooks('postInvocation').length > 0) await runHooks('postInvocation', core, after)
    if (after.error !== null && after.error !== undefined) throw after.error

    // Nothing to convert, and nobody to hand it to.
    if (after.result === undefined && !hasOutputs(fn)) return {}
    const response = await model.getResponse(context, after.result)
    if (fn.queueOutputs.size > 0) await writeOutputs(fn, response)
    return response
  }

  async function runHooks(
    name: 'preInvocation' | 'postInvocation',
    core: CoreInvocationContext,
    context: Record<string, unknown>,
  ): Promise<void> {
    core.state = `${name}Hooks`
    for (const hook of registry.hooks(name)) await hook(context)
    core.state = undefined
  }

  function createContext(
    fn: HostFunction,
    request: InvocationRequest,
    invocationId: string,
  ): CoreInvocationContext {
    const data = 'data' in request.input ? request.input.data : undefined
    return {
      invocationId,
      metadata: fn.metadata,
      request: {
        invocationId,
        inputData: [{ name: fn.trigger.name, data }],
        triggerMetadata: request.triggerMetadata ?? {},
      },
      state: undefined,
      log: (level, category, message) =>
        writeLog(level, category, message, { function: fn.name, invocationId }),
    }
  }

  /** `log` hooks may change level and message on the way. */
  function writeLog(level: RpcLogLevel, category: RpcLogCategory, message: string, fields: object): void {
    const line = { level, message, category, hookData: {}, appHookData }
    for (const hook of registry.hooks('log')) hook(line)
    log(toLogLevel(line.level), line.message, { ...fields })
  }

  async function runAppHooks(name: 'appStart' | 'appTerminate'): Promise<void> {
    for (const hook of registry.hooks(name)) await hook({ hookData: appLevelHookData, appHookData })
  }

  return { invoke, runAppHooks }
}

/** Whether somebody is handed what the library makes of a result: the caller of an HTTP function, or a queue. */
function hasOutputs({ trigger, queueOutputs }: HostFunction): boolean {
  return trigger.type === 'httpTrigger' || queueOutputs.size > 0
}

function withinTime<T>(fn: HostFunction, timeoutMs: number | undefined, run: () => Promise<T>): Promise<T> {
  if (timeoutMs === undefined) return run()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const limit = `${timeoutMs / SECOND} s`
      reject(new TransientError(`function ${fn.name} ran longer than functionTimeout allows (${limit})`))
    }, timeoutMs)
    run().then(
      value => {
        clearTimeout(timer)
        resolve(value)
      },
      error => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
