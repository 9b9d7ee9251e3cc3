import type { DataVersionBody } from '../../src/core/asset/data-version.ts'
import type { Call } from './faults.ts'
import type { Caller, Observer } from './gate.ts'

/** An invariant that did not hold. */
export interface Violation {
  invariant:
    | 'nothing lost'
    | 'once'
    | 'numbers'
    | 'immutable'
    | 'newest wins'
    | 'explained'
    | 'bounded'
    | 'one at a time'
    | 'by itself'
    | 'no defects'
  detail: string
}

/**
 * Watches every call to Azure ML: some promises are broken on the way and leave no trace at the end.
 * `sendings`: how many versions were put or archived until now.
 */
export function createWatch(report: (violation: Violation) => void): Observer & { sendings(): number } {
  /** `asset/number` → what was sent under it. */
  const sent = new Map<string, string>()
  const underWay = new Map<string, Set<{ caller: Caller }>>()
  let sendings = 0

  function begins(caller: Caller, call: Call): (() => void) | undefined {
    const { port, method, args } = call
    if (port !== 'azureMl' || (method !== 'putVersion' && method !== 'archiveVersion')) return undefined
    const [, asset, number, body] = args as [unknown, string, number, DataVersionBody | undefined]
    if (body !== undefined) checkSent(asset, number, body)
    sendings += 1
    return checkAlone(caller, asset)
  }

  /** Whoever sends something under a number sends the same whenever and wherever it is sent. */
  function checkSent(asset: string, number: number, { dataUri, properties }: DataVersionBody): void {
    const key = `${asset}/${number}`
    const data = `${dataUri} ${properties['lakemark.fingerprint']}`
    const before = sent.get(key) ?? data
    sent.set(key, before)
    if (before !== data) {
      report({ invariant: 'immutable', detail: `${asset} ${number} was sent as ${before}, then as ${data}` })
    }
  }

  /** A worker that has the asset has it to itself. */
  function checkAlone(caller: Caller, asset: string): () => void {
    const calls = underWay.get(asset) ?? new Set()
    underWay.set(asset, calls)
    const other = [...calls].find(call => call.caller !== caller)
    if (other !== undefined) {
      const names = `${other.caller.name} and ${caller.name}`
      report({ invariant: 'one at a time', detail: `${names} send ${asset} to Azure ML at the same time` })
    }
    const call = { caller }
    calls.add(call)
    return () => calls.delete(call)
  }

  return { begins, sendings: () => sendings }
}
