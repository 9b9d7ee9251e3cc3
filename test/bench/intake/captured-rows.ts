/** What the intake of one event writes to the ledger's table, as the adapter hands it to the SDK. */
import type { TableClient } from '@azure/data-tables'
import { createLedgerOver } from '../../../src/azure/table-ledger.ts'
import type { Action, Transactions } from '../../../src/azure/table-transaction.ts'
import type { BlobRef } from '../../../src/core/blob-ref.ts'
import { createMatcher } from '../../../src/core/matching.ts'
import { parseRules } from '../../../src/core/rules/parse-rules.ts'
import { parseStorageEvent } from '../../../src/core/storage-events.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'
import { uploadEvent } from './load.ts'

export interface CapturedActions {
  /** Head, version, gathering: written once for all files of a transaction. */
  assetActions: Action[]
  fileAction: Action
  fileRef: BlobRef
}

/** Throws where the event does not lead to exactly one transaction with one file. */
export async function captureActions(rules: string, path: string): Promise<CapturedActions> {
  const parsed = parseRules([{ path: 'rules.yaml', text: rules }])
  if (!parsed.ok) throw new Error('the rules of the benchmark have problems')
  const active = { rules: parsed.rules, commit: undefined, since: 0, ...createMatcher(parsed.rules) }
  const transactions: Action[][] = []
  const ledger = createLedgerOver(
    EMPTY_TABLE as TableClient,
    capturing(actions => transactions.push(actions)),
  )
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

function isOfFile([, row]: Action): boolean {
  return row.rowKey.startsWith('f!')
}

/** Holds no row, ever. */
const EMPTY_TABLE: Pick<TableClient, 'getEntity'> = {
  async getEntity() {
    throw Object.assign(new Error('no such row'), { statusCode: 404 })
  },
}

/** Takes everything. */
function capturing(onTransaction: (actions: Action[]) => void): Transactions<Action[]> {
  return {
    prepare: actions => [...actions],
    async submit(first, rest) {
      onTransaction([first, ...rest])
      return 'W/"1"'
    },
  }
}

/** For a world in memory to begin with; the benchmark's own rules take their place. */
export const ANY_RULE = `
rules:
  - { name: any, from: contosolake/silver, match: "**", asset: any, to: [retail] }
`
