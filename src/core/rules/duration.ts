import { DAY, HOUR, MINUTE, SECOND } from '../time.ts'
import { kindOf } from './kind.ts'

export const MAX_DURATION_MS = 7 * DAY

export const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/

const UNITS_MS: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY }

/** `500ms`, `2s`, `5m`, `1h`, `1d`, up to seven days. Numbers without a unit are refused, 0 included. */
export function parseDuration(value: unknown): { ms: number } | { problem: string } {
  if (typeof value === 'number') {
    const examples = value === 0 ? '0s' : `${value}s or ${value}m`
    return { problem: `${value} has no unit; write ${examples} (units: ms, s, m, h, d)` }
  }
  const [, digits, unit = ''] = DURATION.exec(String(value)) ?? []
  if (typeof value !== 'string' || digits === undefined) {
    const found = typeof value === 'string' ? value : kindOf(value)
    return {
      problem: `${found} is not a duration; write a whole number and a unit, as in 500ms, 2s, 5m or 1d`,
    }
  }
  const ms = Number(digits) * (UNITS_MS[unit] as number)
  return ms > MAX_DURATION_MS ? { problem: `${value} is longer than 7d` } : { ms }
}
