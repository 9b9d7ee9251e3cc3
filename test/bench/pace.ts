/**
 * How near a backlog comes to what ARM's budget allows: `npm run bench:pace`. Several `lakemark serve` processes
 * share one ledger over Azurite; the emulated Azure ML throttles as ARM does. One asset has a fifth of all versions
 * and comes first; the others have one version each. Each version goes to two workspaces of two subscriptions.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ARM_BUDGETS } from '../../src/core/arm-budget.ts'
import { SECOND } from '../../src/core/time.ts'
import { startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { startAzurite } from '../../src/emulators/lake/azurite.ts'
import { loadRules } from '../../src/load-rules.ts'
import { createHome, startServe, writeRules } from '../e2e/process.ts'
import { postEvents, salesEvent } from '../support/local-events.ts'

const { values } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '5000' },
    processes: { type: 'string', default: '3' },
  },
})
const WORKSPACES = 2
const EVENTS_PER_REQUEST = 50
const HUGE = 'huge'
const RULES = `
rules:
  - name: backlog
    from: devstoreaccount1/silver
    match: sales/eu/{name}_{part}.csv
    asset: "{name}"
    to: [retail]
`

const versions = Number(values.deliveries) / WORKSPACES
const { capacity, perSecond } = ARM_BUDGETS.writes
const allowedSeconds = Math.max(0, versions - capacity) / perSecond

interface Arrival {
  workspace: string
  asset: string
  at: number
}

const { home, remove } = await createHome()
const azurite = await startAzurite()
const folder = await writeRules(home, RULES)
const { rules } = await loadRules(folder, undefined)
const arrivals: Arrival[] = []
const azureMl = await startAzureMlEmulator({
  port: 0,
  workspaces: [...rules.workspaces.values()],
  throttle: 'arm',
  intercept: ({ operation, workspace = '', path }) => {
    const asset = /\/data\/([^/]+)\/versions\//.exec(path)?.[1]
    if (operation === 'PUT dataVersion' && asset !== undefined)
      arrivals.push({ workspace, asset, at: Date.now() })
    return undefined
  },
})
const env = {
  AzureWebJobsStorage: azurite.connectionString,
  LAKEMARK_AZUREML_URL: azureMl.url,
  LAKEMARK_RULES: folder,
}
const processes = await Promise.all(
  Array.from({ length: Number(values.processes) }, () => startServe(home, env)),
)
try {
  await run()
} finally {
  await Promise.all(processes.map(served => served.kill()))
  await azureMl.close()
  await azurite.close()
  await remove()
}

async function run(): Promise<void> {
  const hugeVersions = Math.floor(versions / 5)
  const huge = Array.from({ length: hugeVersions }, (_, index) => salesEvent(`${HUGE}_${index}`))
  const small = Array.from({ length: versions - hugeVersions }, (_, index) => salesEvent(`small${index}_0`))
  console.log(
    `Node ${process.version}: ${versions} versions to ${WORKSPACES} workspaces, ${processes.length} processes`,
  )
  const start = Date.now()
  await post([...huge, ...small])
  console.log(`taken in after ${seconds(Date.now() - start)}`)
  const expected = versions * WORKSPACES
  for (let created = 0; created < expected; ) {
    await wait(SECOND)
    const statuses = azureMl.statuses()
    const puts = azureMl.counts()['PUT dataVersion'] ?? 0
    created = puts - refusedPuts(statuses)
    if (Date.now() - start > 3 * allowedSeconds * SECOND + 60 * SECOND)
      throw new Error(`only ${created} done`)
  }
  report(start)
}

function refusedPuts(statuses: Record<number, number>): number {
  return statuses[429] ?? 0
}

/** In order, several requests at a time, each to another process. */
async function post(events: readonly unknown[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(events.length / EVENTS_PER_REQUEST) }, (_, index) =>
    events.slice(index * EVENTS_PER_REQUEST, (index + 1) * EVENTS_PER_REQUEST),
  )
  const rest = batches.entries()
  async function lane(): Promise<void> {
    for (const [index, batch] of rest) {
      const service = processes[index % processes.length]?.service ?? ''
      for (;;) {
        const { status } = await postEvents(service, batch)
        if (status < 300) break
        await wait(SECOND)
      }
    }
  }
  await Promise.all(Array.from({ length: 6 }, lane))
}

function report(start: number): void {
  const last = Math.max(...arrivals.map(({ at }) => at)) - start
  const statuses = azureMl.statuses()
  const answered = Object.values(statuses).reduce((sum, count) => sum + count, 0)
  const refused = statuses[429] ?? 0
  const [workspace] = new Set(arrivals.map(arrival => arrival.workspace))
  const there = arrivals.filter(arrival => arrival.workspace === workspace)
  const times = (wanted: boolean) =>
    there.filter(({ asset }) => (asset === HUGE) === wanted).map(({ at }) => (at - start) / SECOND)
  const firstSmall = times(false).sort((a, b) => a - b)
  console.log(`
                          measured     target
whole backlog             ${seconds(last).padStart(8)}     ${(1.05 * allowedSeconds).toFixed(1)} s = 1.05 × what the token buckets allow
of what they allow        ${(last / SECOND / allowedSeconds).toFixed(3).padStart(8)} ×   1.05 ×
answered 429              ${((100 * refused) / answered).toFixed(2).padStart(8)} %   1 %      (${refused} of ${answered} requests)
small assets done, median ${(firstSmall[Math.floor(firstSmall.length / 2)] ?? 0).toFixed(1).padStart(8)} s   ${(allowedSeconds / 2).toFixed(0)} s if all wait alike
small assets done, first hundred ${(firstSmall[99] ?? 0).toFixed(1)} s
huge asset done           ${Math.max(...times(true))
    .toFixed(1)
    .padStart(8)} s`)
}

function seconds(ms: number): string {
  return `${(ms / SECOND).toFixed(1)} s`
}
