import { createHealth, type Probes } from './app/questions/health.ts'
import { createMetrics } from './app/questions/metrics.ts'
import type { RulesKeeper } from './app/rules/rules-keeper.ts'
import { APP_VERSION } from './app-version.ts'
import { SECOND } from './core/time.ts'
import { processMetrics } from './process-metrics.ts'
import { createTimeLimit } from './time-limit.ts'
import type { Lakemark, World } from './wiring.ts'

/** Whoever asks how the service is does so every few seconds, and goes away where it takes long. */
const ANSWER_MS = 5 * SECOND

export type Instruments = ReturnType<typeof createInstruments>

/** What tells how the service is: health and metrics. */
export function createInstruments(
  world: Pick<World, 'agenda' | 'budgetStore' | 'counters' | 'clock' | 'log'>,
  parts: {
    lakemark: Pick<Lakemark, 'resync' | 'rules' | 'rotation'>
    keeper: RulesKeeper
    probes: Probes
    /** About how many messages wait in the work queue. */
    queueLength: () => Promise<number>
    /** The time that each thing that is asked has. */
    answerMs?: number
  },
) {
  const { lakemark, keeper, probes, queueLength, answerMs = ANSWER_MS } = parts
  const { rules, resync, rotation } = lakemark
  const { lastScheduled } = resync
  const common = { rules, keeper, lastScheduled, inTime: createTimeLimit(answerMs), version: APP_VERSION }
  return {
    health: createHealth({
      ...common,
      probes,
      datastoreTroubles: rotation.troubles,
      counters: world.counters,
    }),
    readMetrics: createMetrics({ ...common, ...world, queueLength, ofProcess: processMetrics }),
  }
}
