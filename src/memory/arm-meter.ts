import type { ArmMeter } from '../app/ports.ts'

/** For an Azure ML that says nothing of what it would still take. */
export function createSilentMeter(): ArmMeter {
  return { read: () => ({ remaining: undefined, at: 0, inFlight: 0 }) }
}
