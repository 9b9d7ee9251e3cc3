/**
 * A run over a container of which the ledger knows everything: what it leaves is the index of the listing, as a run of
 * yesterday has left it. The ledger's part is played here, as filling a real one takes an hour for a million files.
 */
import type { MatchingRules } from '../../../src/app/intake/intake.ts'
import type { Lake, Ledger } from '../../../src/app/ports.ts'
import { createAzureWorld } from '../../../src/azure-world.ts'
import { readConfig, storageOf } from '../../../src/config.ts'
import type { FileState } from '../../../src/core/asset/asset.ts'
import { keyOf } from '../../../src/core/asset/fingerprint.ts'
import { createMatcher } from '../../../src/core/matching.ts'
import { loadRules } from '../../../src/load-rules.ts'
import { createLog } from '../../../src/log.ts'
import { createMemoryWorkQueue } from '../../../src/memory/work-queue.ts'
import { openTables } from '../../../src/open-tables.ts'
import { createLakemark } from '../../../src/wiring.ts'
import { answerParent } from '../intake/child.ts'
import { isLost } from './lost.ts'

export interface Priming {
  env: Record<string, string>
  container: string
  /** Leaves out those files whose events are to be lost. */
  withoutLost: boolean
}

answerParent({
  async prime({ env, container, withoutLost }: Priming): Promise<number> {
    const config = readConfig(env)
    const storage = storageOf(config)
    const log = createLog('warn')
    const { rules, commit } = await loadRules(env.LAKEMARK_RULES ?? '', undefined)
    const active: MatchingRules = { rules, commit, since: 0, ...createMatcher(rules) }
    const azure = await createAzureWorld({ ...config, storage }, openTables(storage), log)
    const queue = createMemoryWorkQueue(azure.clock)
    const { lake, ledger } = createKnowingPorts(azure, withoutLost)
    const { resync } = createLakemark({ ...azure, rules: () => active, queue, lake, ledger })
    const answer = await resync.start({ filter: { container }, by: 'benchmark' })
    if (answer.kind === 'refused') throw new Error(answer.reason)
    for (let messages = queue.take(); messages.length > 0; messages = queue.take()) {
      await Promise.all(messages.map(message => (message.kind === 'run' ? resync.work(message) : undefined)))
    }
    const run = await resync.get(answer.run.id)
    if (run?.state !== 'done' || run.counters.new > 0) throw new Error(JSON.stringify(run))
    return run.counters.listed
  },
})

/** The ledger knows each file that has been listed, as it was listed. */
function createKnowingPorts(
  { lake, ledger }: { lake: Lake; ledger: Ledger },
  withoutLost: boolean,
): { lake: Lake; ledger: Ledger } {
  const etags = new Map<string, string>()
  return {
    lake: {
      ...lake,
      async listFlat(place, page) {
        const found = await lake.listFlat(place, page)
        const items = withoutLost ? found.items.filter(({ path }) => !isLost(path)) : found.items
        for (const { path, etag } of items) etags.set(keyOf({ ...place, path }), etag)
        return { ...found, items }
      },
    },
    ledger: {
      ...ledger,
      async readFiles(_, { files: keys }) {
        const files = keys.map(key => {
          const etag = etags.get(key) ?? ''
          etags.delete(key)
          return [key, knownFile(key, etag)] as const
        })
        return { head: undefined, etag: undefined, files: new Map(files), gatherings: new Map() }
      },
    },
  }
}

function knownFile(key: string, etag: string): FileState {
  const ref = { account: '', container: '', path: '' }
  const known = { sizeBytes: 1, sequencer: undefined, removed: false, cut: 1, target: '', recordedAt: 0 }
  return { key, ref, etag, ...known }
}
