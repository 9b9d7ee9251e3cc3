/** A process of its own, in which a property does what none may do: see the test of the guard. */
import fc from 'fast-check'
import { type FuzzProperty, failureOf, property } from './suite.ts'

const LIMIT_MS = 300

const WAYS: Record<string, () => Promise<void> | void> = {
  'a rejection': () => {
    void Promise.reject(new Error('left behind'))
  },
  'a callback': () => {
    setImmediate(() => {
      throw new Error('left behind')
    })
  },
  'a wait': () => new Promise(resolve => setTimeout(resolve, 100 * LIMIT_MS).unref()),
  'a loop': () => {
    while (Date.now() > 0) Math.sqrt(2)
  },
  nothing: () => undefined,
}

const way = WAYS[process.argv[2] ?? '']
if (way === undefined) throw new Error('no such way')
const tried: FuzzProperty<undefined> = property('is tried', fc.constant(process.argv[2]), () => way(), {
  limitMs: LIMIT_MS,
})
const keepAlive = setInterval(() => undefined, LIMIT_MS)
const failure = await failureOf(tried.of(undefined), { seed: 1, numRuns: 2 })
clearInterval(keepAlive)
console.log(failure ?? 'held')
process.exit()
