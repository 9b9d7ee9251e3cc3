import { createMemoryAgenda } from '../../src/memory/agenda.ts'
import { createMemoryAzureMl } from '../../src/memory/azure-ml.ts'
import { createMemoryBudgetStore } from '../../src/memory/budget-store.ts'
import { createMemoryDatastoreLooks } from '../../src/memory/datastore-looks.ts'
import { createMemoryFailureIndex } from '../../src/memory/failure-index.ts'
import { createMemoryLake } from '../../src/memory/lake.ts'
import { createMemoryLedger } from '../../src/memory/ledger.ts'
import { createMemoryRulesStore } from '../../src/memory/rules-store.ts'
import { createMemoryWorkQueue } from '../../src/memory/work-queue.ts'
import { NOW } from '../support/samples.ts'
import { describeAgenda } from './agenda-suite.ts'
import { describeAzureMl } from './azure-ml-suite.ts'
import { describeBudgetStore } from './budget-store-suite.ts'
import { describeDatastoreLooks } from './datastore-looks-suite.ts'
import { describeFailureIndex } from './failure-index-suite.ts'
import { describeLake } from './lake-suite.ts'
import { describeLedger } from './ledger-suite.ts'
import { describeRulesStore } from './rules-store-suite.ts'
import { describeWorkQueue } from './work-queue-suite.ts'

describeLedger('the ledger in memory', async () => createMemoryLedger())
describeFailureIndex('the index of failures in memory', async () => createMemoryFailureIndex())
describeAgenda('the agenda in memory', async () => createMemoryAgenda())
describeBudgetStore('the store of budgets in memory', async () => createMemoryBudgetStore())
describeDatastoreLooks('the datastores to look at in memory', async () => createMemoryDatastoreLooks())
describeRulesStore('the store of rules in memory', async () => createMemoryRulesStore())
describeAzureMl('Azure ML in memory', async () => createMemoryAzureMl())

describeWorkQueue('the work queue in memory', async () => {
  let now = NOW
  const queue = createMemoryWorkQueue({ now: () => now })
  return {
    queue,
    take: async afterMs => {
      now += afterMs
      return queue.take()
    },
  }
})

describeLake('the lake in memory', async () => {
  const lake = createMemoryLake()
  const [account, container] = ['contosolake', 'silver']
  let puts = 0
  return {
    lake,
    account,
    container,
    put: async (path, content, metadata = {}) => {
      puts += 1
      const etag = `0x${puts}`
      lake.put(
        { account, container, path },
        { etag, sizeBytes: content.length, isDirectory: 'hdi_isfolder' in metadata, isBeingCopied: false },
      )
      return { etag }
    },
  }
})
