import type { AzureMachineLearningWorkspaces } from '@azure/arm-machinelearning'
import type { ArmMeter, ArmReading, Clock } from '../app/ports.ts'
import type { RequestKind } from '../core/arm-budget.ts'

type PipelinePolicy = Parameters<AzureMachineLearningWorkspaces['pipeline']['addPolicy']>[0]
type PipelineResponse = Awaited<ReturnType<PipelinePolicy['sendRequest']>>

export interface MeteringArm extends ArmMeter {
  /** For the pipeline of the client of one subscription and principal, by what `budgetOf` says of them. */
  policy(subscription: string): PipelinePolicy
}

/**
 * Watches the requests that go to ARM and reads what it says of the budget that is left, in the headers
 * `x-ms-ratelimit-remaining-*`: of this principal, and of the subscription as a whole.
 */
export function createArmMeter(clock: Clock): MeteringArm {
  const readings = new Map<string, ArmReading>()

  function readingOf(subscription: string, kind: RequestKind): ArmReading {
    const key = `${subscription.toLowerCase()} ${kind}`
    const known = readings.get(key) ?? { remaining: undefined, at: 0, inFlight: 0 }
    readings.set(key, known)
    return known
  }

  return {
    read: (subscription, kind) => ({ ...readingOf(subscription, kind) }),
    policy: subscription => ({
      name: 'lakemarkMeter',
      async sendRequest(request, next) {
        const kind = request.method === 'GET' || request.method === 'HEAD' ? 'reads' : 'writes'
        const reading = readingOf(subscription, kind)
        reading.inFlight += 1
        try {
          const response = await next(request)
          const remaining = remainingIn(response, kind)
          if (remaining !== undefined) Object.assign(reading, { remaining, at: clock.now() })
          return response
        } finally {
          reading.inFlight -= 1
        }
      },
    }),
  }
}

/** The lower of the two; undefined: the answer says nothing of it. */
function remainingIn({ headers }: PipelineResponse, kind: RequestKind): number | undefined {
  const told = ['', 'global-'].flatMap(scope => {
    const text = headers.get(`x-ms-ratelimit-remaining-subscription-${scope}${kind}`)
    return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : []
  })
  return told.length === 0 ? undefined : Math.min(...told)
}
