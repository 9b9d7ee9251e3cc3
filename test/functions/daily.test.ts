import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { TransientError } from '../../src/core/errors.ts'
import { DAY } from '../../src/core/time.ts'
import { registerFunctions } from '../../src/functions/register.ts'
import { type Host, parseHostJson, startHost } from '../../src/host/host.ts'
import { createMemoryAudit } from '../../src/memory/audit.ts'
import { until } from '../e2e/process.ts'
import { createMemoryQueues } from '../fuzz/memory-queues.ts'
import { silentLog } from '../support/memory-world.ts'

const SELDOM = '0 0 0 1 1 *'
const EVERY_SECOND = '* * * * * *'

let host: Host | undefined
afterEach(() => host?.close({ graceMs: 1000 }))

describe('the timer of the scheduled re-sync', () => {
  it('also cleans the list of failures and the audit trail, whatever becomes of the re-sync', async () => {
    const audit = createMemoryAudit()
    for (const days of [401, 399]) await audit.append(entryAt(Date.now() - days * DAY, `${days} days old`))
    let [started, cleaned] = [0, 0]
    const lakemark = {
      log: silentLog,
      resync: {
        async startScheduled() {
          started += 1
          throw new TransientError('the table is away')
        },
      },
      failures: {
        async clean() {
          cleaned += 1
        },
      },
    }
    host = await startHost({
      port: 0,
      hostJson: parseHostJson(await readFile(new URL('../../host.json', import.meta.url), 'utf8')),
      load: async () =>
        registerFunctions({
          lakemark: async () => lakemark as never,
          sweepSchedule: SELDOM,
          deadLetterSchedule: SELDOM,
          rulesSchedule: SELDOM,
          resyncSchedule: EVERY_SECOND,
          rulesWebhookSecret: undefined,
          auth: { kind: 'none' },
          audit: async () => audit,
          auditDays: 400,
        }),
      queueService: () => createMemoryQueues().service,
      setting: () => undefined,
      log: () => undefined,
    })
    const left = async () => (await audit.list({ limit: 10 })).items.map(({ id }) => id)
    await until('the old entry to be gone', async () => (await left()).length === 1)
    expect(await left()).toEqual(['399 days old'])
    await until('the failures to be cleaned', async () => cleaned > 0)
    expect(started).toBeGreaterThan(0)
  })
})

function entryAt(at: number, id: string) {
  const caller = { kind: 'local', id: undefined, app: undefined, name: undefined } as const
  const call = { route: 'resync', parameters: {}, address: undefined, correlation: id, outcome: undefined }
  return { id, at, caller, ...call }
}
