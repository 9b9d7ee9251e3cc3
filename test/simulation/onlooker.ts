import type { FailureIndex } from '../../src/app/failures/ports.ts'
import type { Fleet } from './fleet.ts'
import type { Profile } from './profile.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

interface Dependencies {
  timeline: Timeline
  random: Random
  trace: Trace
  profile: Profile
  fleet: () => Fleet
}

/** After so long, at most, somebody looks who looks because something has failed. */
const SOON_MS = 100
const CURIOUS = 0.8

/** Somebody who looks at the list of failures, which strikes off what is no longer true. */
export function createOnlooker({ timeline, random, trace, profile, fleet }: Dependencies) {
  function look(): void {
    const process = fleet().pick()
    if (process === undefined) return
    trace.count('looks at the list of failures')
    const isCleaning = random.chance(0.3)
    fleet()
      .invoke(process, 'look at the failures', async ({ failures }) => {
        if (isCleaning) await failures.clean()
        else await failures.list({}, { limit: 100 })
      })
      // What is no trouble has been reported.
      .catch(() => undefined)
  }

  /** The index, at which somebody looks more often than not just when something is written. */
  function watched(index: FailureIndex): FailureIndex {
    return {
      ...index,
      async note(asset, failures) {
        await index.note(asset, failures)
        if (profile.looks === 0 || !random.chance(CURIOUS)) return
        timeline.after(random.scale(1, SOON_MS), look)
      },
    }
  }

  return { look, watched }
}
