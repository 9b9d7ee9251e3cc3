/** What the intake of one event writes to the ledger's table, as the adapter hands it to the SDK. */
import type { TableClient, TransactionAction } from '@azure/data-tables'
import { createTableLedger } from '../../../src/azure/table-ledger.ts'
import type { BlobRef } from '../../../src/core/blob-ref.ts'
import { createMatcher } from '../../../src/core/matching.ts'
import { parseRules } from '../../../src/core/rules/parse-rules.ts'
import { parseStorageEvent } from '../../../src/core/storage-events.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'
import { uploadEvent } from './load.ts'

export interface CapturedActions {
  /** Head, version, gathering: written once for all files of a transaction. */
  assetActions: TransactionAction[]
  fileAction: TransactionAction
  fileRef: BlobRef
}

/** Throws where the event does not lead to exactly one transaction with one file. */
export async function captureActions(rules: string, path: string): Promise<CapturedActions> {
  const parsed = parseRules([{ path: 'rules.yaml', text: rules }])
  if (!parsed.ok) throw new Error('the rules of the benchmark have problems')
  const active = { rules: parsed.rules, commit: undefined, since: 0, ...createMatcher(parsed.rules) }
  const transactions: TransactionAction[][] = []
  const ledger = createTableLedger(emptyTable(actions => transactions.push(actions)))
  const world = createMemoryWorld(ANY_RULE, () => ({ rules: () => active, ledger }))
  const event = uploadEvent(path)
  await world.lakemark.intake.events([event])
  const [actions = [], ...others] = transactions
  const [fileAction, ...otherFiles] = actions.filter(isOfFile)
  const change = parseStorageEvent(event)
  if (fileAction === undefined || others.length + otherFiles.length > 0 || change.kind !== 'changes') {
    throw new Error('expected the event to make one transaction with one file')
  }
  return {
    assetActions: actions.filter(action => !isOfFile(action)),
    fileAction,
    fileRef: (change.changes[0] as { ref: BlobRef }).ref,
  }
}

function isOfFile([, row]: TransactionAction): boolean {
  return row.rowKey.startsWith('f!')
}

/** A table that holds nothing, ever, and takes everything. */
function emptyTable(onTransaction: (actions: TransactionAction[]) => void): TableClient {
  const table: Pick<TableClient, 'getEntity' | 'submitTransaction'> = {
    async getEntity() {
      throw Object.assign(new Error('no such row'), { statusCode: 404 })
    },
    async submitTransaction(actions) {
      onTransaction(actions as TransactionAction[])
      const subResponses = actions.map(() => ({ status: 204, etag: 'W/"1"' }))
      return { status: 202, subResponses, getResponseForEntity: () => subResponses[0] }
    },
  }
  return table as TableClient
}

/** For a world in memory to begin with; the benchmark's own rules take their place. */
export const ANY_RULE = `
rules:
  - { name: any, from: contosolake/silver, match: "**", asset: any, to: [retail] }
`
