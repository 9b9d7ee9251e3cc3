import { Cron } from 'croner'
import { reasonOf } from '../core/errors.ts'
import type { HostFunction } from './host-function.ts'
import type { Invoker } from './invoker.ts'
import type { HostLog } from './log.ts'

export interface TimerTriggers {
  start(): void
  /** Resolves when the runs under way have ended. */
  stop(): Promise<void>
}

/**
 * NCRONTAB: numbers, names of months and days, `*` `,` `-` `/`; what croner knows beyond that Azure does not.
 */
const NCRONTAB = /^[\d*,/\sA-Z-]+$/i
const NAMES = /^(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)$/i
/** .NET's smallest date stands for "never". */
const NEVER = '0001-01-01T00:00:00+00:00'

/**
 * Runs timer functions by their schedules, in UTC; runs of one timer never overlap: what falls due meanwhile
 * is left out. Throws an Error when a schedule is no NCRONTAB expression.
 */
export function createTimerTriggers(
  functions: readonly HostFunction[],
  invoker: Invoker,
  log: HostLog,
  now: () => number,
): TimerTriggers {
  const timers = functions.flatMap(fn =>
    fn.trigger.type === 'timerTrigger'
      ? [createTimer(fn, fn.trigger.schedule, fn.trigger.runOnStartup, invoker, log, now)]
      : [],
  )
  return {
    start: () => {
      for (const timer of timers) timer.start()
    },
    stop: async () => {
      await Promise.all(timers.map(timer => timer.stop()))
    },
  }
}

function createTimer(
  fn: HostFunction,
  schedule: string,
  runOnStartup: boolean,
  invoker: Invoker,
  log: HostLog,
  now: () => number,
): TimerTriggers {
  const cron = createCron(fn.name, schedule)
  let current: Promise<void> | undefined
  let last = NEVER

  function run(): void {
    if (current !== undefined) {
      log('debug', 'timer is still running; this turn is left out', { function: fn.name })
      return
    }
    const input = toTimerInput(cron, last, now())
    last = new Date(now()).toISOString()
    current = invoker
      .invoke(fn, { input: { data: { json: JSON.stringify(input) } } })
      // The invoker has logged it, and the next turn comes anyway.
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        current = undefined
      })
  }

  return {
    start: () => {
      cron.schedule(run)
      if (runOnStartup) run()
    },
    stop: async () => {
      cron.stop()
      await current
    },
  }
}

function createCron(functionName: string, schedule: string): Cron {
  const explain = (cause?: unknown) =>
    new Error(
      `function ${functionName}: the schedule "${schedule}" is no NCRONTAB expression; ` +
        `six fields are right: {second} {minute} {hour} {day} {month} {day of week}, ` +
        'such as "0 */5 * * * *"' +
        (cause === undefined ? '' : ` (${reasonOf(cause)})`),
      { cause },
    )
  const names = schedule.match(/[A-Z]+/gi) ?? []
  if (!NCRONTAB.test(schedule) || !names.every(name => NAMES.test(name))) throw explain()
  try {
    // As in NCRONTAB, a day must suit both the day of month and the day of week.
    return new Cron(schedule.trim(), { timezone: 'UTC', mode: '5-or-6-parts', domAndDow: true })
  } catch (cause) {
    throw explain(cause)
  }
}

/** Pascal case, as the host sends it; the library turns it into camel case. */
function toTimerInput(cron: Cron, last: string, now: number) {
  const time = new Date(now)
  return {
    Schedule: { AdjustForDST: true },
    ScheduleStatus: {
      Last: last,
      Next: cron.nextRun(time)?.toISOString() ?? NEVER,
      LastUpdated: time.toISOString(),
    },
    IsPastDue: false,
  }
}
