import { DAY, HOUR, MINUTE, SECOND } from '../core/time.ts'

/** .NET's TimeSpan text as host.json uses it: `[d.]hh:mm:ss[.fffffff]`. */
const TIME_SPAN = /^(?:(\d{1,5})\.)?([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,7}))?$/

/** Milliseconds of a TimeSpan such as `00:00:30` or `1.12:00:00`; undefined when the text is none. */
export function parseTimeSpan(text: string): number | undefined {
  const match = TIME_SPAN.exec(text)
  if (match === null) return undefined
  const [, days, hours, minutes, seconds, fraction] = match
  return (
    Number(days ?? 0) * DAY +
    Number(hours) * HOUR +
    Number(minutes) * MINUTE +
    Number(seconds) * SECOND +
    Math.round(Number(`0.${fraction ?? 0}`) * SECOND)
  )
}
