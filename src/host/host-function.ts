import type { RegisteredFunction } from './functions-core.ts'
import type { FunctionCallback, FunctionMetadata, RpcBinding } from './rpc.ts'

/** A registered function whose bindings this host can serve, with every `%SETTING%` filled in. */
export interface HostFunction {
  readonly name: string
  readonly metadata: FunctionMetadata
  readonly handler: FunctionCallback
  readonly trigger: Trigger
  /** By binding name. */
  readonly queueOutputs: ReadonlyMap<string, QueueBinding>
}

export type Trigger = HttpTrigger | QueueTrigger | TimerTrigger | EventGridTrigger

interface TriggerName {
  /** The binding's name. */
  readonly name: string
}

export interface HttpTrigger extends TriggerName {
  readonly type: 'httpTrigger'
  /** Without the prefix; the function's name when the app gave none. */
  readonly route: string
  /** Upper case. */
  readonly methods: readonly string[]
}

export interface QueueTrigger extends TriggerName, QueueBinding {
  readonly type: 'queueTrigger'
}

export interface TimerTrigger extends TriggerName {
  readonly type: 'timerTrigger'
  readonly schedule: string
  readonly runOnStartup: boolean
}

export interface EventGridTrigger extends TriggerName {
  readonly type: 'eventGridTrigger'
  /** `many`: the function gets the whole batch as one array. */
  readonly cardinality: 'one' | 'many'
}

export interface QueueBinding {
  readonly queueName: string
  /** The app setting that says how to reach the storage account. */
  readonly connection: string
}

type Setting = (name: string) => string | undefined

const METHODS = ['GET', 'POST', 'DELETE', 'HEAD', 'PATCH', 'PUT', 'OPTIONS']
const DEFAULT_CONNECTION = 'AzureWebJobsStorage'
/** Queue names as Azure Storage allows them. */
const QUEUE_NAME = /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/
const SETTING_EXPRESSION = /%([^%]+)%/g

/** Checks what a function asks for. Throws an Error that names function, binding and what would be right. */
export function toHostFunction({ metadata, handler }: RegisteredFunction, setting: Setting): HostFunction {
  const { name } = metadata
  const bindings = Object.entries(metadata.bindings).map(
    ([bindingName, binding]) => [bindingName, fillIn(name, binding, setting)] as const,
  )
  const queueOutputs = new Map<string, QueueBinding>()
  let trigger: Trigger | undefined
  for (const [bindingName, binding] of bindings) {
    const where = `function ${name}: ${binding.type} binding`
    if (/trigger$/i.test(binding.type)) trigger = toTrigger(name, bindingName, binding, where)
    else if (binding.direction !== 'out') throw new Error(`${where}: this host has no input bindings`)
    else if (binding.type === 'queue') queueOutputs.set(bindingName, toQueueBinding(binding, where))
    else if (binding.type !== 'http') throw new Error(`${where}: the outputs of this host are http and queue`)
  }
  if (trigger === undefined) throw new Error(`function ${name}: has no trigger`)
  if (typeof handler !== 'function') throw new Error(`function ${name}: its handler is not a function`)
  return { name, metadata, handler, trigger, queueOutputs }
}

function toTrigger(functionName: string, name: string, binding: RpcBinding, where: string): Trigger {
  switch (binding.type) {
    case 'httpTrigger':
      return {
        type: 'httpTrigger',
        name,
        route: optionalText(binding, 'route', where) ?? functionName,
        methods: toMethods(binding.methods, where),
      }
    case 'queueTrigger':
      return { type: 'queueTrigger', name, ...toQueueBinding(binding, where) }
    case 'timerTrigger':
      return {
        type: 'timerTrigger',
        name,
        schedule: text(binding, 'schedule', where),
        runOnStartup: binding.runOnStartup === true,
      }
    case 'eventGridTrigger':
      return { type: 'eventGridTrigger', name, cardinality: binding.cardinality === 'many' ? 'many' : 'one' }
    default:
      throw new Error(
        `${where}: the triggers of this host are httpTrigger, queueTrigger, timerTrigger, eventGridTrigger`,
      )
  }
}

function toMethods(value: unknown, where: string): string[] {
  const methods = Array.isArray(value) ? value.map(method => String(method).toUpperCase()) : []
  const unknown = methods.filter(method => !METHODS.includes(method))
  if (methods.length === 0 || unknown.length > 0) {
    throw new Error(`${where}: methods is ${JSON.stringify(value)}; some of ${METHODS.join(', ')}`)
  }
  return methods
}

function toQueueBinding(binding: RpcBinding, where: string): QueueBinding {
  const queueName = text(binding, 'queueName', where)
  if (!QUEUE_NAME.test(queueName)) {
    throw new Error(
      `${where}: queueName is "${queueName}"; 3 to 63 of a-z, 0-9 and single dashes between them`,
    )
  }
  return { queueName, connection: optionalText(binding, 'connection', where) || DEFAULT_CONNECTION }
}

function text(binding: RpcBinding, option: string, where: string): string {
  const value = optionalText(binding, option, where)
  if (!value) throw new Error(`${where}: ${option} is missing`)
  return value
}

function optionalText(binding: RpcBinding, option: string, where: string): string | undefined {
  const value = binding[option]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw new Error(`${where}: ${option} is ${JSON.stringify(value)}; a text`)
}

/** Fills the app settings into a binding's texts, as the Functions host does. */
function fillIn(functionName: string, binding: RpcBinding, setting: Setting): RpcBinding {
  const filled: RpcBinding = { ...binding }
  for (const [option, value] of Object.entries(binding)) {
    if (typeof value !== 'string' || option === 'name' || option === 'type') continue
    filled[option] = value.replace(SETTING_EXPRESSION, (expression, name: string) => {
      const found = setting(name)
      if (found !== undefined) return found
      throw new Error(
        `function ${functionName}: ${binding.type} binding: ${option} names ${expression}; set ${name} first`,
      )
    })
  }
  return filled
}
