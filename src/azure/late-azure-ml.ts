import type { AzureMl } from '../app/ports.ts'

/** Azure ML that is opened with the first call, once. Each call rejects where it cannot be opened. */
export function createLateAzureMl(open: () => Promise<AzureMl>): AzureMl {
  let opened: Promise<AzureMl> | undefined
  const azureMl = () => {
    opened ??= open()
    return opened
  }
  return {
    ensureDatastore: async (...call) => (await azureMl()).ensureDatastore(...call),
    putVersion: async (...call) => (await azureMl()).putVersion(...call),
    getVersion: async (...call) => (await azureMl()).getVersion(...call),
    listVersions: async (...call) => (await azureMl()).listVersions(...call),
    archiveVersion: async (...call) => (await azureMl()).archiveVersion(...call),
    highestVersion: async (...call) => (await azureMl()).highestVersion(...call),
  }
}
