import { describe, expect, it } from 'vitest'
import type { AuditEntry } from '../../src/app/audit/audit.ts'
import { createAuditRetention } from '../../src/app/audit/audit-retention.ts'
import { TransientError } from '../../src/core/errors.ts'
import { DAY, MINUTE } from '../../src/core/time.ts'
import { createMemoryAudit } from '../../src/memory/audit.ts'
import { silentLog } from '../support/memory-world.ts'
import { NOW } from '../support/samples.ts'

async function auditOf(count: number, ageDays: number) {
  const audit = createMemoryAudit()
  for (let at = 0; at < count; at += 1) await audit.append(entryAt(NOW - ageDays * DAY, `old-${at}`))
  await audit.append(entryAt(NOW - 10 * DAY, 'kept'))
  const ids = async () => (await audit.list({ limit: 10_000 })).items.map(({ id }) => id)
  return { audit, ids }
}

describe('the audit trail', () => {
  it('loses what is older than it is kept, and nothing else', async () => {
    const { audit, ids } = await auditOf(2500, 402)
    await audit.append(entryAt(NOW - 400 * DAY, 'of the last day'))
    await createAuditRetention({ audit: async () => audit, days: 400, now: () => NOW })(silentLog)
    expect(await ids()).toEqual(['kept', 'of the last day'])
    await createAuditRetention({ audit: async () => audit, days: 9, now: () => NOW })(silentLog)
    expect(await ids()).toEqual([])
  })

  it('loses no more than there is time for', async () => {
    const { audit, ids } = await auditOf(2500, 402)
    let now = NOW
    const slow: typeof audit = {
      ...audit,
      removeBefore: async (at, limit) => {
        now += 3 * MINUTE
        return audit.removeBefore(at, limit)
      },
    }
    const prune = createAuditRetention({ audit: async () => slow, days: 400, now: () => now })
    await prune(silentLog)
    expect(await ids()).toHaveLength(1501)
    await prune(silentLog)
    expect(await ids()).toHaveLength(501)
  })

  it('does not keep the day from its other work when it does not answer', async () => {
    const warnings: unknown[] = []
    const away = async () => {
      throw new TransientError('the table is away')
    }
    const prune = createAuditRetention({ audit: away, days: 400, now: () => NOW })
    await prune({ ...silentLog, warn: (_, fields) => warnings.push(fields) })
    expect(warnings).toEqual([{ reason: 'the table is away' }])
  })
})

function entryAt(at: number, id: string): AuditEntry {
  const caller = { kind: 'local', id: undefined, app: undefined, name: undefined } as const
  const outcome = { status: 200, problem: undefined, at }
  return { id, at, caller, route: 'resync', parameters: {}, address: undefined, correlation: id, outcome }
}
