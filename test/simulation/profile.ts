import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts'
import { RULE_NAMES, type RuleName, type RulesVariant, WORKSPACES } from './assets.ts'
import type { Random } from './random.ts'

/** What a seed holds in store: probabilities of each fault, and how much of everything there is. */
export interface Profile {
  /** Nothing goes wrong: then all must go by itself. */
  calm: boolean
  processes: number
  troubleMs: number
  changes: number
  rules: readonly RuleName[]
  latency: { slow: number; slowestMs: number }
  events: { lost: number; dropped: number; repeated: number; delayed: number; longestDelayMs: number }
  queue: { lost: number; repeated: number }
  /** Of one call. `late`: it takes effect after its caller has given up. */
  storage: { refused: number; answerLost: number; falseConflict: number; late: number }
  /** `slow`: of all calls to the lake. */
  lake: { refused: number; slow: number }
  /** `slow`: it takes most of the time that a call may take. */
  azureMl: { throttled: number; refused: number; timeoutBefore: number; timeoutAfter: number; slow: number }
  /** How many times, over the whole of the trouble. */
  kills: number
  freezes: number
  outages: number
  longestOutageMs: number
  workspacesGone: number
  strangers: number
  retries: number
  /** How often somebody looks at the list of failures, and how often it is cleaned. */
  looks: number
  archivings: number
  rulesChanges: number
  /** Two processes sweep at once. */
  doubleSweep: number
  /** A resync at the end, also where no event was lost. */
  resync: boolean
}

/** One seed in so many is without faults. */
const CALM = 0.15
/** Each kind of fault is there in this part of the other seeds. */
const PRESENT = 0.45

export const NO_FAULTS = {
  latency: { slow: 0, slowestMs: 0 },
  events: { lost: 0, dropped: 0, repeated: 0, delayed: 0, longestDelayMs: 0 },
  queue: { lost: 0, repeated: 0 },
  storage: { refused: 0, answerLost: 0, falseConflict: 0, late: 0 },
  lake: { refused: 0, slow: 0 },
  azureMl: { throttled: 0, refused: 0, timeoutBefore: 0, timeoutAfter: 0, slow: 0 },
  kills: 0,
  freezes: 0,
  outages: 0,
  longestOutageMs: 0,
  workspacesGone: 0,
  strangers: 0,
  retries: 0,
  looks: 0,
  archivings: 0,
  rulesChanges: 0,
  doubleSweep: 0,
} satisfies Partial<Profile>

export function drawProfile(random: Random): Profile {
  const calm = random.chance(CALM)
  const scope = {
    calm,
    processes: random.between(1, 4),
    troubleMs: random.scale(2 * MINUTE, 2 * HOUR),
    changes: Math.round(random.scale(3, 24)),
    rules: drawRules(random),
    resync: random.chance(0.3),
  }
  if (calm) return { ...scope, ...NO_FAULTS, doubleSweep: random.pick([0, 0.3]) }

  const maybe = (from: number, to: number) => (random.chance(PRESENT) ? random.scale(from, to) : 0)
  const some = (from: number, to: number) => Math.round(maybe(from, to))
  return {
    ...scope,
    latency: { slow: maybe(0.01, 0.3), slowestMs: random.scale(SECOND, MINUTE) },
    events: {
      lost: maybe(0.02, 0.4),
      dropped: maybe(0.05, 0.8),
      repeated: maybe(0.05, 0.6),
      delayed: maybe(0.05, 0.5),
      longestDelayMs: random.scale(5 * SECOND, 6 * HOUR),
    },
    queue: { lost: maybe(0.02, 0.5), repeated: maybe(0.02, 0.5) },
    storage: {
      refused: maybe(0.005, 0.2),
      answerLost: maybe(0.005, 0.2),
      falseConflict: maybe(0.005, 0.2),
      late: maybe(0.002, 0.05),
    },
    lake: { refused: maybe(0.02, 0.3), slow: maybe(0.05, 0.6) },
    azureMl: {
      throttled: maybe(0.02, 0.4),
      refused: maybe(0.02, 0.4),
      timeoutBefore: maybe(0.01, 0.2),
      timeoutAfter: maybe(0.01, 0.3),
      slow: random.chance(0.35) ? random.scale(0.1, 0.9) : 0,
    },
    kills: some(1, 12),
    freezes: some(1, 12),
    outages: some(1, 3),
    longestOutageMs: random.scale(MINUTE, DAY / 4),
    workspacesGone: random.chance(0.15) ? 1 : 0,
    strangers: some(1, 6),
    retries: some(1, 12),
    archivings: some(1, 3),
    rulesChanges: random.chance(0.5) ? random.between(1, 6) : 0,
    doubleSweep: maybe(0.1, 0.9),
    looks: some(1, 40),
  }
}

function drawRules(random: Random): RuleName[] {
  const wanted = random.between(1, 3)
  const rest = [...RULE_NAMES]
  return Array.from({ length: wanted }, () => {
    const rule = random.pick(rest)
    rest.splice(rest.indexOf(rule), 1)
    return rule
  })
}

/** Which workspaces get what. Few kinds, so that parsed rules can be kept. */
export function drawVariant(random: Random, before?: RulesVariant): RulesVariant {
  const workspaces = { ...(before?.workspaces ?? ({} as RulesVariant['workspaces'])) }
  for (const rule of RULE_NAMES) {
    if (before === undefined || random.chance(0.4)) workspaces[rule] = random.pick(TARGETS)
  }
  return { workspaces, pace: random.pick([1, 1, 3]), backfill: random.pick(['newest', 'all']) }
}

const [one, two, three] = WORKSPACES
const TARGETS = [[one], [two], [one, two], [one, three], [one, two, three]]
