import type { MatchingRules } from '../../src/app/intake/intake.ts'
import type { Log } from '../../src/app/ports.ts'
import type { Probes } from '../../src/app/questions/health.ts'
import { keyOf } from '../../src/core/asset/fingerprint.ts'
import { createMatcher } from '../../src/core/matching.ts'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import { formatProblem } from '../../src/core/rules/problem.ts'
import { createMemoryAgenda } from '../../src/memory/agenda.ts'
import { createSilentMeter } from '../../src/memory/arm-meter.ts'
import { createMemoryAzureMl } from '../../src/memory/azure-ml.ts'
import { createMemoryBudgetStore } from '../../src/memory/budget-store.ts'
import { createCounters } from '../../src/memory/counters.ts'
import { createMemoryDatastoreLooks } from '../../src/memory/datastore-looks.ts'
import { createMemoryFailureIndex } from '../../src/memory/failure-index.ts'
import { createMemoryLake } from '../../src/memory/lake.ts'
import { createMemoryLedger } from '../../src/memory/ledger.ts'
import { createMemoryListingIndex } from '../../src/memory/listing-index.ts'
import { createMemoryRunStore } from '../../src/memory/runs.ts'
import { createMemoryWorkQueue } from '../../src/memory/work-queue.ts'
import { createLakemark, type World } from '../../src/wiring.ts'
import { NOW } from './samples.ts'

export const WORKSPACES_YAML = `
workspaces:
  ml-retail: { subscription: 00000000-0000-0000-0000-000000000001, resourceGroup: rg-retail }
  ml-forecast: { subscription: 00000000-0000-0000-0000-000000000002, resourceGroup: rg-forecast, name: forecast-prod }
groups:
  retail: [ml-retail, ml-forecast]
`

/** Each file an asset of its own, registered at once. */
export const FILES_RULE = `
rules:
  - name: files
    from: contosolake/silver
    match: files/{name}.csv
    asset: "{name}"
    to: [retail]
`

/** Files of a region gathered into versions of the region's folder. */
export const FOLDER_RULE = `
rules:
  - name: folder
    from: contosolake/silver
    match: sales/{region}/dt={date}/*.parquet
    asset: sales-{region}
    type: uri_folder
    folder: sales/{region}
    settle: 5m
    maxWait: 1h
    marker: _SUCCESS
    to: [retail]
    tags: { region: "{region}" }
`

/** All that health asks answers. */
export const READY_PROBES: Probes = {
  ledger: async () => undefined,
  agenda: async () => undefined,
  workQueue: async () => undefined,
  blobs: async () => undefined,
}

export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Lakemark over the adapters in memory, with a clock that is turned by hand. `override` replaces parts. */
export function createMemoryWorld(
  rulesYaml: string,
  override: (world: World) => Partial<World> = () => ({}),
) {
  let now = NOW
  const clock = { now: () => now }
  const queue = createMemoryWorkQueue(clock)
  const lake = createMemoryLake()
  let active = toActive(rulesYaml)
  const plain: World = {
    rules: () => active,
    ledger: createMemoryLedger(),
    failureIndex: createMemoryFailureIndex(),
    agenda: createMemoryAgenda(),
    queue,
    lake,
    azureMl: createMemoryAzureMl(),
    armMeter: createSilentMeter(),
    budgetStore: createMemoryBudgetStore(),
    datastoreLooks: createMemoryDatastoreLooks(),
    runStore: createMemoryRunStore(),
    listingIndex: createMemoryListingIndex(),
    clock,
    counters: createCounters(),
    log: silentLog,
  }
  const world = { ...plain, ...override(plain) }
  const lakemark = createLakemark(world)
  let writes = 0

  /** A finished upload: the blob lies in the lake, and this is its event. */
  function upload(path: string, overrides: { etag?: string; sizeBytes?: number } = {}) {
    writes += 1
    const { etag = `0x${writes}`, sizeBytes = 10 } = overrides
    const ref = { account: 'contosolake', container: 'silver', path }
    lake.put(ref, { etag, sizeBytes, isDirectory: false, isBeingCopied: false })
    return blobEvent('PutBlob', path, {
      eTag: etag,
      contentLength: sizeBytes,
      sequencer: writes.toString(16),
    })
  }

  function removal(path: string) {
    writes += 1
    lake.remove({ account: 'contosolake', container: 'silver', path })
    return blobEvent('DeleteBlob', path, { sequencer: writes.toString(16) })
  }

  /** Works through the queue until it is empty, or for as long as `forMs`. */
  async function drain({ forMs = Number.POSITIVE_INFINITY, maxSteps = 10_000 } = {}) {
    const end = now + forMs
    for (let step = 0; step < maxSteps; step += 1) {
      const nextAt = queue.nextAt()
      if (nextAt === undefined || nextAt > end) {
        if (Number.isFinite(end)) now = Math.max(now, end)
        return
      }
      now = Math.max(now, nextAt)
      for (const message of queue.take()) {
        if (message.kind === 'assets') await lakemark.work(message.assets, { redelivered: false })
        else if (message.kind === 'run') await lakemark.resync.work(message)
        else await lakemark.takeInListing(message)
      }
    }
    throw new Error(`the queue is not empty after ${maxSteps} steps`)
  }

  async function registered(alias: string, asset: string): Promise<Record<number, string>> {
    const workspace = active.rules.workspaces.get(alias)
    if (workspace === undefined) throw new Error(`no workspace ${alias}`)
    const found: Record<number, string> = {}
    const highest = await plain.azureMl.highestVersion(workspace, asset)
    for (let number = 1; number <= highest; number += 1) {
      const version = await plain.azureMl.getVersion(workspace, asset, number)
      if (version !== undefined && !version.isArchived)
        found[number] = version.dataUri.replace(/^.*\/paths\//, '')
    }
    return found
  }

  return {
    ...world,
    /** The rule set in force; may be changed in place. */
    ruleSet: active.rules,
    useRules(yaml: string) {
      active = toActive(yaml)
    },
    lake,
    queue,
    lakemark,
    upload,
    removal,
    drain,
    registered,
    deliver: (...events: unknown[]) => lakemark.intake.events(events),
    pass: (ms: number) => {
      now += ms
    },
    fileKey: (path: string) => keyOf({ account: 'contosolake', container: 'silver', path }),
  }
}

function toActive(rulesYaml: string): MatchingRules {
  const parsed = parseRules([
    { path: 'workspaces.yaml', text: WORKSPACES_YAML },
    { path: 'rules.yaml', text: rulesYaml },
  ])
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'))
  return { rules: parsed.rules, commit: 'abc1234', since: 0, ...createMatcher(parsed.rules) }
}

/** An event as Event Grid sends it, in its own schema. */
export function blobEvent(api: string, path: string, data: Record<string, unknown>) {
  const deleted = api.startsWith('Delete')
  return {
    topic: '/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/contosolake',
    subject: `/blobServices/default/containers/silver/blobs/${path}`,
    eventType: deleted ? 'Microsoft.Storage.BlobDeleted' : 'Microsoft.Storage.BlobCreated',
    eventTime: '2026-01-15T12:00:00Z',
    id: 'b1c2',
    data: {
      api,
      blobType: 'BlockBlob',
      url: `https://contosolake.blob.core.windows.net/silver/${path.split('/').map(encodeURIComponent).join('/')}`,
      ...data,
    },
    dataVersion: '',
    metadataVersion: '1',
  }
}
