import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FuzzSuite, failureOf } from './suite.ts'

/** The same inputs in every run of the tests; `npm run fuzz` tries others. */
const SEED = 20_260_115

export function describeSuite(suite: FuzzSuite): void {
  describe(suite.title, () => {
    let world: unknown
    beforeAll(async () => {
      world = await suite.open()
    })
    afterAll(() => suite.close(world))

    for (const { title, runs, of } of suite.properties) {
      it(title, async () => {
        const parameters = { seed: SEED, ...(runs === undefined ? {} : { numRuns: runs }) }
        expect(await failureOf(of(world), parameters)).toBeUndefined()
      }, 120_000)
    }
  })
}
