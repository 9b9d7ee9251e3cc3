import { LEASE_RESERVE_MS } from '../../core/limits.ts'
import type { AzureMl, Clock } from '../ports.ts'

/** The lease has too little time left for another call: the next round makes it. */
export class LeaseOver extends Error {
  override readonly name = 'LeaseOver'
}

/** Azure ML, as long as the asset is surely ours: no call is begun that another worker's could overtake. */
export function createLeasedCalls(azureMl: AzureMl, clock: Clock, leasedUntil: number): AzureMl {
  const check = () => {
    if (clock.now() > leasedUntil - LEASE_RESERVE_MS) throw new LeaseOver('the lease is over')
  }
  return {
    async ensureDatastore(...call) {
      check()
      return azureMl.ensureDatastore(...call)
    },
    async putVersion(...call) {
      check()
      return azureMl.putVersion(...call)
    },
    async getVersion(...call) {
      check()
      return azureMl.getVersion(...call)
    },
    async listVersions(...call) {
      check()
      return azureMl.listVersions(...call)
    },
    async archiveVersion(...call) {
      check()
      return azureMl.archiveVersion(...call)
    },
    async highestVersion(...call) {
      check()
      return azureMl.highestVersion(...call)
    },
  }
}
