import { createRequire, registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { reasonOf } from '../core/errors.ts'
import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  ProgrammingModel,
  RpcLogCategory,
  RpcLogLevel,
} from './rpc.ts'

/** What `@azure/functions` asks for; inside Azure the Node.js worker provides it. */
const SPECIFIER = '@azure/functions-core'
/** Told to apps that ask; the library wants a host of 4.34 or newer for all that it offers. */
const HOST_VERSION = '4.1000.0'

const HOOK_NAMES = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'] as const
export type HookName = (typeof HOOK_NAMES)[number]
export type SystemLog = (level: RpcLogLevel, message: string) => void

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata
  readonly handler: FunctionCallback
}

/** All that one app has registered through `@azure/functions`. */
export interface AppRegistry {
  /** In the order of registration. */
  readonly functions: readonly RegisteredFunction[]
  readonly model: ProgrammingModel
  hooks(name: HookName): readonly HookCallback[]
}

export interface FunctionsCore {
  /**
   * Runs `load` and returns what it registered. An app whose modules this process has loaded before registers
   * nothing anew: `load` returns the same module then, and what that module registered the first time counts.
   * Throws when loading fails, when nothing is registered, when a name is taken, or while another app loads.
   */
  collect(load: () => Promise<unknown>, log: SystemLog): Promise<AppRegistry>
}

/**
 * Makes `@azure/functions-core` resolvable in this process, once; to be called before anything is registered
 * through `@azure/functions`, for that library looks only one time. Needs Node 22.15 or newer.
 */
export function installFunctionsCore(): FunctionsCore {
  const url = new URL('./functions-core.cjs', import.meta.url).href
  const core = createRequire(import.meta.url)(fileURLToPath(url)) as Partial<FunctionsCore>
  if (core.collect === undefined) {
    Object.assign(core, createFunctionsCore())
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === SPECIFIER ? { url, format: 'commonjs', shortCircuit: true } : next(specifier, context),
    })
  }
  return core as FunctionsCore
}

interface OpenRegistry {
  readonly functions: RegisteredFunction[]
  readonly hooks: Record<HookName, HookCallback[]>
}

function createFunctionsCore() {
  let model: ProgrammingModel | undefined
  let current = createRegistry()
  let loading = false
  let systemLog: SystemLog = () => undefined
  const loaded = new WeakMap<object, OpenRegistry>()

  async function collect(load: () => Promise<unknown>, log: SystemLog): Promise<AppRegistry> {
    if (loading) throw new Error('another app is being loaded in this process; load one after the other')
    loading = true
    systemLog = log
    current = createRegistry()
    let entry: unknown
    try {
      entry = await load()
    } catch (cause) {
      throw new Error(`the functions' entry failed to load: ${reasonOf(cause)}`, { cause })
    } finally {
      loading = false
    }
    const registry = remember(loaded, entry, current)
    if (registry.functions.length === 0 || model === undefined) throw new Error(NOTHING_REGISTERED)
    current = registry
    return { functions: registry.functions, model, hooks: name => registry.hooks[name] }
  }

  function registerFunction(metadata: FunctionMetadata, handler: FunctionCallback) {
    if (!loading) throw new Error(`function ${metadata.name}: can only be registered while the app loads`)
    const { functions } = current
    const same = functions.find(one => one.metadata.name.toLowerCase() === metadata.name.toLowerCase())
    if (same) throw new Error(`function ${metadata.name}: the name is taken by ${same.metadata.name}`)
    const registered = { metadata, handler }
    functions.push(registered)
    return new Disposable(() => remove(functions, registered))
  }

  function registerHook(name: string, callback: HookCallback) {
    if (!isHookName(name)) throw new UnknownHookError(name)
    const hooks = current.hooks[name]
    hooks.push(callback)
    return new Disposable(() => remove(hooks, callback))
  }

  return {
    collect,
    version: HOST_VERSION,
    hostVersion: HOST_VERSION,
    registerFunction,
    registerHook,
    setProgrammingModel: (next: ProgrammingModel) => {
      model = next
    },
    getProgrammingModel: () => model,
    log: (level: RpcLogLevel, _category: RpcLogCategory, message: string) => systemLog(level, message),
    Disposable,
  }
}

const NOTHING_REGISTERED =
  "the functions' entry registered no function: it must call app.http(), app.timer(), … of " +
  '@azure/functions while it loads, and nothing may have used @azure/functions before the host was started'

function createRegistry(): OpenRegistry {
  return {
    functions: [],
    hooks: { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [], log: [] },
  }
}

function remember(loaded: WeakMap<object, OpenRegistry>, entry: unknown, fresh: OpenRegistry): OpenRegistry {
  if (typeof entry !== 'object' || entry === null) return fresh
  if (fresh.functions.length === 0) return loaded.get(entry) ?? fresh
  loaded.set(entry, fresh)
  return fresh
}

function isHookName(name: string): name is HookName {
  return (HOOK_NAMES as readonly string[]).includes(name)
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item)
  if (index >= 0) list.splice(index, 1)
}

/** The library tells hosts that lack a hook by this name and mark. */
class UnknownHookError extends RangeError {
  readonly isAzureFunctionsSystemError = true

  constructor(name: string) {
    super(`unknown hook ${name}; there are ${HOOK_NAMES.join(', ')}`)
  }
}

/** Part of the module's contract, which asks for a class. */
class Disposable {
  #onDispose: (() => void) | undefined

  constructor(onDispose: () => void) {
    this.#onDispose = onDispose
  }

  dispose(): void {
    this.#onDispose?.()
    this.#onDispose = undefined
  }
}
