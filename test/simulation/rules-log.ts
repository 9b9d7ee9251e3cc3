import type { MatchingRules } from '../../src/app/intake/intake.ts'
import type { WorkQueue } from '../../src/app/ports.ts'
import { planBackfill } from '../../src/core/rules/backfill.ts'
import { SECOND } from '../../src/core/time.ts'
import { type RulesVariant, rulesOf } from './assets.ts'

/** Which rules were in force when. */
export interface RulesLog {
  /** Changes the rules, and has what they newly want listed, as the keeper of the rules does. */
  change(variant: RulesVariant, now: number): void
  at(time: number): MatchingRules
  entries(): readonly { at: number; variant: RulesVariant }[]
}

/** By then every process has the rules that ask for it. */
const BACKFILL_DELAY_MS = 6 * SECOND

export function createRulesLog(first: RulesVariant, start: number, queue: WorkQueue): RulesLog {
  const log = [{ at: start, variant: first, rules: rulesOf(first, 0) }]
  return {
    change(variant, now) {
      const before = log.at(-1)
      const rules = rulesOf(variant, log.length)
      log.push({ at: now, variant, rules })
      if (before === undefined) return
      for (const { rules: names, ...folder } of planBackfill(before.rules.rules, rules.rules)) {
        const backfill = { rules: names, since: rules.since }
        const message = { kind: 'listing' as const, folder, continuation: undefined, backfill }
        void queue.enqueue([{ message, delayMs: BACKFILL_DELAY_MS }])
      }
    },
    at(time) {
      const active = log.findLast(({ at }) => at <= time) ?? log[0]
      return (active as (typeof log)[number]).rules
    },
    entries: () => log,
  }
}
