import type { Call, Faults, Treatment } from './faults.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

/** Someone who makes calls, and dies. */
export interface Caller {
  readonly name: string
  readonly alive: boolean
  /** It does nothing before then. */
  readonly frozenUntil: number
}

/** Sees the calls of all processes. */
export interface Observer {
  /** The call begins; what is answered is told when it can have no effect any more. */
  begins(caller: Caller, call: Call): (() => void) | undefined
}

interface Dependencies {
  timeline: Timeline
  faults: Faults
  random: Random
  trace: Trace
  observer: Observer
}

/** A call that is on its way when its process dies arrives all the same, in this part of the cases. */
const ARRIVES_ALL_THE_SAME = 0.5

type Ports = Record<string, object>
type AnyFunction = (...args: unknown[]) => unknown

/**
 * Puts a gate before every function of these ports: a call waits there, takes effect in one piece, and waits again
 * until its answer is given to the caller. What happens meanwhile is for the timeline to say.
 */
export function createGate({ timeline, faults, random, trace, observer }: Dependencies) {
  return function gated<T extends Ports>(caller: Caller, ports: T): T {
    return Object.fromEntries(
      Object.entries(ports).map(([port, functions]) => [port, gatePort(port, functions)]),
    ) as T

    function gatePort(port: string, functions: object): object {
      return Object.fromEntries(
        Object.entries(functions).map(([method, value]) => {
          if (typeof value !== 'function') return [method, value]
          const run = value as AnyFunction
          return [
            method,
            (...args: unknown[]) => pass({ port, method, args }, () => run.apply(functions, args)),
          ]
        }),
      )
    }

    function pass(call: Call, run: () => unknown): Promise<unknown> {
      return new Promise((resolve, reject) => {
        const treatment = faults.treat(call)
        const ended = observer.begins(caller, call)
        const { beforeMs, afterMs, fault } = treatment
        if (fault !== undefined) trace.count(fault.name)
        const answer = (give: () => void, delayMs: number) => {
          const thawMs = caller.frozenUntil - timeline.now()
          timeline.after(Math.max(delayMs, thawMs), give, caller)
        }
        const tell = (outcome: string) => trace.isWanted && trace.line(caller.name, textOf(call), outcome)

        if (fault?.kind === 'late') answer(() => reject(fault.error), afterMs)
        const arrives = random.chance(ARRIVES_ALL_THE_SAME)
        timeline.after(beforeMs, () => {
          if (!caller.alive && !arrives) {
            ended?.()
            return
          }
          if (fault?.kind === 'refused') {
            tell(`✗ ${fault.name}`)
            ended?.()
            answer(() => reject(fault.error), afterMs)
            return
          }
          Promise.resolve(run()).then(
            result => {
              ended?.()
              tell(outcomeOf(treatment, result))
              if (fault?.kind === 'late') return
              if (fault?.kind === 'answer lost') answer(() => reject(fault.error), afterMs)
              else answer(() => resolve(fault?.kind === 'false conflict' ? 'conflict' : result), afterMs)
            },
            error => {
              ended?.()
              tell(`✗ ${String(error)}`)
              if (fault?.kind !== 'late') answer(() => reject(error), afterMs)
            },
          )
        })
      })
    }
  }
}

function outcomeOf({ fault }: Treatment, result: unknown): string {
  const { etag } = (typeof result === 'object' && result !== null ? result : {}) as { etag?: unknown }
  const text = typeof result === 'string' || typeof result === 'number' ? String(result) : shortOf(etag)
  return fault === undefined ? text : `${text} (${fault.name})`
}

const MAX_TEXT = 60

function textOf({ port, method, args }: Call): string {
  const parts = args.map(arg => shortOf(arg)).filter(text => text !== '')
  return `${port}.${method} ${parts.join(' ')}`.slice(0, MAX_TEXT)
}

function shortOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  if (Array.isArray(value)) return value.map(shortOf).join(' ')
  if (typeof value !== 'object' || value === null) return ''
  const { alias, asset, dataUri, path, message } = value as Record<string, unknown>
  if (message !== undefined) return shortOf(message)
  const { assets } = value as { assets?: unknown }
  if (assets !== undefined) return shortOf(assets)
  const named = alias ?? asset ?? path ?? dataUri
  return typeof named === 'string'
    ? named.replace('azureml://datastores/contosolake_silver/paths/', '…/')
    : ''
}
