import type { MatchingRules } from '../../src/app/intake/intake.ts'
import type { Counters, Log } from '../../src/app/ports.ts'
import { PermanentError, reasonOf, TransientError } from '../../src/core/errors.ts'
import { SECOND } from '../../src/core/time.ts'
import { createCounters } from '../../src/memory/counters.ts'
import type { Lakemark } from '../../src/wiring.ts'
import type { Caller } from './gate.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

/** One process: its use cases, over the stores that all share. */
export interface Process extends Caller {
  readonly name: string
  alive: boolean
  frozenUntil: number
  lakemark: Lakemark
  counters: Counters
}

/** Builds the use cases of a process. `rules`: as this process knows them. */
export type Build = (
  caller: Caller,
  own: { rules: () => MatchingRules; counters: Counters; log: Log },
) => Lakemark

interface Dependencies {
  timeline: Timeline
  random: Random
  trace: Trace
  build: Build
  /** The rules that were in force at that time. */
  rulesAt: (time: number) => MatchingRules
  /** Something was thrown, or logged, that is a defect and not trouble. */
  onDefect: (detail: string) => void
}

export interface Fleet {
  start(): void
  /** Undefined: nobody lives. */
  pick(): Process | undefined
  living(): readonly Process[]
  kill(process: Process): void
  freeze(process: Process, forMs: number): void
  /** Runs one of a process's use cases; settles never if the process dies. */
  invoke<T>(process: Process, what: string, run: (lakemark: Lakemark) => Promise<T>): Promise<T>
  /** Of all processes that ever lived. */
  counted(name: string): number
  /** Invocations that are under way in living processes. */
  busy(): number
}

/** A process has the newest rules after this time at the latest. */
export const RULES_LAG_MS = 5 * SECOND

export function createFleet({ timeline, random, trace, build, rulesAt, onDefect }: Dependencies): Fleet {
  const all: Process[] = []
  const running = new Map<Process, number>()

  function start(): void {
    const lagMs = random.between(0, RULES_LAG_MS)
    const counters = createCounters()
    const process: Process = {
      name: `process-${all.length + 1}`,
      alive: true,
      frozenUntil: 0,
      counters,
      lakemark: undefined as unknown as Lakemark,
    }
    // Looked at whenever asked: a process that starts late still has what was in force then.
    const rules = () => rulesAt(timeline.now() - lagMs)
    process.lakemark = build(process, { rules, counters, log: logOf(process) })
    all.push(process)
    trace.count('processes started')
    trace.line(process.name, 'started')
  }

  function logOf({ name }: Process): Log {
    const write = (level: string) => (message: string, fields?: Record<string, unknown>) => {
      if (!trace.isWanted) return
      const { error, ...rest } = fields ?? {}
      const text = JSON.stringify(rest)
      trace.line(name, `  ${level}: ${message}`, error === undefined ? text : `${text} ${String(error)}`)
    }
    return {
      info: write('info'),
      warn: write('warn'),
      error(message, fields) {
        write('error')(message, fields)
        if (message.includes('defect')) onDefect(`${name}: ${message}: ${reasonOf(fields?.error)}`)
      },
    }
  }

  const living = () => all.filter(process => process.alive)

  return {
    start,
    living,
    pick() {
      const candidates = living()
      return candidates.length === 0 ? undefined : random.pick(candidates)
    },
    kill(process) {
      process.alive = false
      running.delete(process)
      trace.count('processes killed')
      trace.line(process.name, 'killed')
    },
    freeze(process, forMs) {
      process.frozenUntil = timeline.now() + forMs
      trace.count('processes frozen')
      trace.line(process.name, `frozen for ${Math.round(forMs / SECOND)} s`)
    },
    invoke(process, what, run) {
      return new Promise((resolve, reject) => {
        const begin = () => {
          trace.line(process.name, `→ ${what}`)
          running.set(process, (running.get(process) ?? 0) + 1)
          const ended = (outcome: string) => {
            running.set(process, (running.get(process) ?? 1) - 1)
            trace.line(process.name, `← ${what}`, outcome)
          }
          run(process.lakemark).then(
            result => {
              ended('')
              resolve(result)
            },
            error => {
              ended(`✗ ${reasonOf(error)}`)
              const isTrouble = error instanceof TransientError || error instanceof PermanentError
              if (!isTrouble)
                onDefect(`${what} threw ${error instanceof Error ? error.stack : String(error)}`)
              reject(error)
            },
          )
        }
        timeline.after(Math.max(1, process.frozenUntil - timeline.now()), begin, process)
      })
    },
    counted: name => all.reduce((sum, { counters }) => sum + (counters.all()[name] ?? 0), 0),
    busy: () => [...running].reduce((sum, [process, count]) => sum + (process.alive ? count : 0), 0),
  }
}
