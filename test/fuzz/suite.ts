import fc from 'fast-check'
import { guarded } from './guard.ts'

/** Properties over one world: they run in the order in which they stand, each for many inputs. */
export interface FuzzSuite<World = unknown> {
  title: string
  open(): Promise<World>
  close(world: World): Promise<void>
  properties: readonly FuzzProperty<World>[]
}

export interface FuzzProperty<World> {
  /** A sentence that the suite's title begins. */
  title: string
  /** Inputs that one run of the tests tries, where the usual number would take too long. */
  runs?: number
  of(world: World): fc.IAsyncProperty<[unknown]>
}

/** Lets suites of different worlds stand in one list. */
export function defineSuite<World>(suite: FuzzSuite<World>): FuzzSuite {
  return suite as FuzzSuite
}

/** A property of which each case must hold, end in time and leave nothing behind. */
export function property<World, T>(
  title: string,
  inputs: fc.Arbitrary<T>,
  holds: (world: World, input: T) => Promise<void> | void,
  { runs, limitMs }: { runs?: number; limitMs?: number } = {},
): FuzzProperty<World> {
  return {
    title,
    ...(runs === undefined ? {} : { runs }),
    of: world =>
      fc.asyncProperty(
        inputs,
        guarded(title, (input: T) => holds(world, input), limitMs),
      ) as fc.IAsyncProperty<[unknown]>,
  }
}

/** For as long as a failing case is made smaller; what was found by then is told. */
const SHRINK_LIMIT_MS = 60_000

/** Fast-check's own report, with seed, path and counterexample; undefined: the property holds. */
export async function failureOf(
  checked: fc.IAsyncProperty<[unknown]>,
  parameters: fc.Parameters<[unknown]>,
): Promise<string | undefined> {
  const details = await fc.check(checked, {
    interruptAfterTimeLimit: SHRINK_LIMIT_MS,
    includeErrorInReport: true,
    ...parameters,
  })
  return details.failed ? await fc.asyncDefaultReportMessage(details) : undefined
}
