import { reasonOf } from '../core/errors.ts'
import { SECOND } from '../core/time.ts'
import { createEventGridWebhook } from './event-grid-webhook.ts'
import { installFunctionsCore } from './functions-core.ts'
import { type HostFunction, toHostFunction } from './host-function.ts'
import type { HostJson } from './host-json.ts'
import { createHttpRouter } from './http-router.ts'
import { type HttpServer, listen } from './http-server.ts'
import { createInvoker } from './invoker.ts'
import { type HostLog, toLogLevel } from './log.ts'
import { createQueueTriggers } from './queue-trigger.ts'
import { createQueueOutputs, type QueueServiceOf } from './storage-queues.ts'
import { watchStrayErrors } from './stray-errors.ts'
import { createTimerTriggers } from './timer-triggers.ts'

export { type HostJson, parseHostJson, readHostJson } from './host-json.ts'
export type { HostLog } from './log.ts'

export interface HostOptions {
  /** 0 picks a free one. */
  readonly port: number
  readonly address?: string
  readonly hostJson: HostJson
  /** Imports the app's entry, which registers its functions through `@azure/functions`. */
  readonly load: () => Promise<unknown>
  /** How to reach the queues of a binding, by the name of its `connection` setting. */
  readonly queueService: QueueServiceOf
  /** App settings, for `%NAME%` in bindings. */
  readonly setting: (name: string) => string | undefined
  readonly log: HostLog
  readonly now?: () => number
}

export interface Host {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  functions(): { name: string; type: string }[]
  /** Looks into a queue now instead of when its polling interval is over. */
  notify(queueName: string): void
  /**
   * Stops timers, polling and accepting requests, and waits up to `graceMs` for what is running; queue
   * messages that are not finished then are shown to others at once.
   */
  close(options: { graceMs: number }): Promise<void>
}

const LOOPBACK = '127.0.0.1'
/** For giving messages back at the end, should the storage not answer. */
const GIVE_BACK_MS = 5 * SECOND

/**
 * Runs the functions that an app registers through `@azure/functions` (programming model v4) in this process,
 * as Azure's host and its Node.js worker do. Rejects with an Error that says what is wrong when the app does
 * not load, registers nothing or something that this host cannot serve, or when the port is taken.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { hostJson, queueService, log, now = Date.now } = options
  const registry = await installFunctionsCore().collect(options.load, (level, message) =>
    log(toLogLevel(level), message),
  )
  const functions = registry.functions.map(one => toHostFunction(one, options.setting))
  await refuseStreaming(registry.model)
  warnOfRetries(functions, log)

  const { messageEncoding } = hostJson.queues
  const writeOutputs = createQueueOutputs(functions, queueService, messageEncoding, name =>
    queues.notify(name),
  )
  const invoker = createInvoker({ registry, timeoutMs: hostJson.functionTimeoutMs, writeOutputs, log, now })
  const queues = createQueueTriggers({ functions, settings: hostJson.queues, queueService, invoker, log })
  const timers = createTimerTriggers(functions, invoker, log, now)
  const webhook = createEventGridWebhook(functions, invoker, log)
  const answer = createHttpRouter({ functions, routePrefix: hostJson.http.routePrefix, webhook, invoker })

  const unwatch = watchStrayErrors(log)
  let server: HttpServer
  try {
    await invoker.runAppHooks('appStart')
    server = await listen({ port: options.port, address: options.address ?? LOOPBACK, answer, log })
  } catch (error) {
    unwatch()
    throw error
  }
  queues.start()
  timers.start()

  let closing: Promise<void> | undefined
  async function shutDown(graceMs: number): Promise<void> {
    const quiet = Promise.all([timers.stop(), queues.stop(), server.stop()])
    if (!(await within(graceMs, quiet)))
      log('warn', 'invocations are still running; giving them up', { graceMs })
    if (!(await within(GIVE_BACK_MS, queues.giveBack())))
      log('warn', 'queue messages may be hidden for a while')
    server.destroy()
    await invoker.runAppHooks('appTerminate').catch(error => {
      log('error', 'an appTerminate hook failed', { error: reasonOf(error) })
    })
    unwatch()
  }

  return {
    url: server.url,
    port: server.port,
    functions: () => functions.map(fn => ({ name: fn.name, type: fn.trigger.type })),
    notify: queues.notify,
    close: ({ graceMs }) => {
      closing ??= shutDown(graceMs)
      return closing
    },
  }
}

/** Whether the promise was fulfilled in time. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** With HTTP streaming the library would wait for requests on a proxy of its own. */
async function refuseStreaming(model: { getCapabilities(from: object): Promise<object> }): Promise<void> {
  const capabilities = await model.getCapabilities({})
  if ('HttpUri' in capabilities) {
    throw new Error('app.setup({ enableHttpStream: true }) is not served by this host; leave it out')
  }
}

function warnOfRetries(functions: readonly HostFunction[], log: HostLog): void {
  for (const fn of functions) {
    if (fn.metadata.retryOptions === undefined) continue
    log('warn', 'this host does not apply the retry policy of a function', { function: fn.name })
  }
}
