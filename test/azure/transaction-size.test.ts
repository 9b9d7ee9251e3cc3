import { expect, it } from 'vitest'
import { createTableClient } from '../../src/azure/table-client.ts'
import { createLedgerOver } from '../../src/azure/table-ledger.ts'
import { createTransactions } from '../../src/azure/table-transaction.ts'
import { keyOf } from '../../src/core/asset/fingerprint.ts'
import { type Intent, planIntake } from '../../src/core/asset/plan-intake.ts'
import { MAX_SPEC_TEXT } from '../../src/core/limits.ts'
import { specOf } from '../support/samples.ts'

/** Table Storage refuses larger transactions, and nobody but their sender could make them smaller. */
const MAX_BYTES = 4 * 1024 * 1024
/** Written as `\\u65e5`: JSON in JSON, of ASCII. */
const LONG_CHARACTER = '日'
const ACCOUNT = 'a'.repeat(24)
const CONTAINER = 'c'.repeat(63)

it.each([0, 20, 35, 41, 60])(
  'a transaction of the longest names and tags fits, also where %s of its files gather together',
  async together => {
    const intents = Array.from({ length: 100 }, (_, index) => longest(index, Math.max(0, index - together)))
    const plan = planIntake({ head: undefined, files: new Map(), gatherings: new Map() }, intents, 0)
    expect(plan.outcomes).toContain('recorded')
    expect(plan.outcomes).toContain('later')
    expect(await bytesOf(plan.transition)).toBeLessThan(MAX_BYTES)
  },
)

function longest(file: number, folder: number): Intent {
  const dataPath = LONG_CHARACTER.repeat(1000) + folder
  const ref = { account: ACCOUNT, container: CONTAINER, path: `${LONG_CHARACTER.repeat(1020)}${file}` }
  const tags = { tag: LONG_CHARACTER.repeat(MAX_SPEC_TEXT - 20) }
  const workspaces = Array.from({ length: 50 }, (_, index) => `a-workspace-of-many-${index}`)
  return {
    ref,
    key: keyOf(ref),
    content: { etag: '0x8DC0123456789AB', sizeBytes: 2 ** 42 },
    sequencer: '0'.repeat(48),
    observed: false,
    role: 'data',
    spec: specOf({
      rule: 'r'.repeat(63),
      account: ACCOUNT,
      container: CONTAINER,
      dataPath,
      tags,
      workspaces,
    }),
    target: keyOf({ account: ACCOUNT, container: CONTAINER, path: dataPath }),
    settleMs: 60_000,
    maxWaitMs: 600_000,
  }
}

/** Of what the ledger would send, but for the lines around it. */
async function bytesOf(transition: ReturnType<typeof planIntake>['transition']): Promise<number> {
  if (transition === undefined) throw new Error('nothing would be sent')
  const connectionString = `DefaultEndpointsProtocol=https;AccountName=${ACCOUNT};AccountKey=AAAA;EndpointSuffix=core.windows.net`
  const table = createTableClient({ kind: 'connection string', connectionString }, 'ledger')
  const { prepare } = createTransactions(table)
  let bytes = 0
  const ledger = createLedgerOver<ReturnType<typeof prepare>>(table, {
    prepare,
    async submit(first, rest) {
      bytes = prepare([first]).bytes.length + rest.bytes.length
      return ''
    },
  })
  await ledger.commit('a'.repeat(255), undefined, transition)
  return bytes
}
