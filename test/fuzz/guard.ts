/**
 * What no case may do, whatever it is about: leave an error behind that nobody catches, or not end.
 * A case that never gives the event loop back is ended from a thread of its own, which names it and then ends
 * this process: the run fails, and says with which case.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'

/** Generous: the slowest cases take a tenth of it. */
const CASE_LIMIT_MS = 10_000
/** The thread comes in only where a timer of this process could not: after so many times the limit. */
const STUCK_FACTOR = 3
const MAX_SHOWN = 4000

const strays: unknown[] = []
let watching: Watchdog | undefined

interface Watchdog {
  begin(label: string, limitMs: number): void
  end(): void
}

/** The step, bounded in time and watched for what it leaves behind. `label` tells people which property it is of. */
export function guarded<T>(
  label: string,
  step: (input: T) => Promise<void> | void,
  limitMs = CASE_LIMIT_MS,
): (input: T) => Promise<void> {
  watching ??= startWatching()
  const { begin, end } = watching
  return async input => {
    strays.length = 0
    begin(
      `${label}\n${inspect(input, { depth: 6, breakLength: 110 }).slice(0, MAX_SHOWN)}`,
      STUCK_FACTOR * limitMs,
    )
    try {
      await withinTime(limitMs, async () => step(input))
      // Rejections that nobody handles are told once the microtasks have run.
      await nextTurn()
    } finally {
      end()
    }
    if (strays.length > 0) throw new Error('it left an error behind', { cause: strays[0] })
  }
}

async function withinTime(limitMs: number, step: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${limitMs} ms`)), limitMs)
  })
  try {
    await Promise.race([step(), late])
  } finally {
    clearTimeout(timer)
  }
}

function startWatching(): Watchdog {
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
    process.on(event, (error: unknown) => strays.push(error))
  }
  const worker = new Worker(WATCHDOG, { eval: true })
  worker.unref()
  return {
    begin: (label, limitMs) => worker.postMessage({ label, limitMs, at: Date.now() }),
    end: () => worker.postMessage(undefined),
  }
}

/** SIGKILL, as a process that is busy hears nothing else. */
const WATCHDOG = `
const { parentPort } = require('node:worker_threads')
const { writeSync } = require('node:fs')
let running
parentPort.on('message', message => { running = message })
setInterval(() => {
  if (running === undefined || Date.now() - running.at < running.limitMs) return
  writeSync(2, '\\nstuck for ' + running.limitMs + ' ms in ' + running.label + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, 200)
`
