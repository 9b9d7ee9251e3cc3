import { describe, expect, it } from 'vitest'
import type { Lake } from '../../src/app/ports.ts'
import { createPlanning } from '../../src/app/questions/plan.ts'
import { TransientError } from '../../src/core/errors.ts'
import { NO_RULES } from '../../src/core/rule-plan/planner.ts'
import { createMemoryLake } from '../../src/memory/lake.ts'
import { joined, ruleFile, ruleSet } from '../support/rule-files.ts'

const PROPERTIES = { etag: '0x1', sizeBytes: 1, isDirectory: false, isBeingCopied: false }
const BLOBS = 100_000

/** A lake whose blobs are made when they are asked for. */
function createEndlessLake() {
  const pages: number[] = []
  const lake: Pick<Lake, 'list' | 'hasContainer'> = {
    hasContainer: async () => true,
    async list({ account, container, path }, { limit, continuation }) {
      expect(path).toBe('')
      const from = Number(continuation ?? 0)
      const to = Math.min(BLOBS, from + limit)
      pages.push(to - from)
      const items = Array.from({ length: to - from }, (_, index) => {
        const blob = from + index
        const name = `sales/r${blob % 500}/dt=${blob % 1000}/${blob}.csv`
        return { ref: { account, container, path: name }, ...PROPERTIES }
      })
      return { items, continuation: to < BLOBS ? String(to) : undefined }
    },
  }
  return { lake, pages }
}

describe('a plan over the lake', () => {
  it('of a hundred thousand blobs is read page by page, and does not grow with them', async () => {
    const { lake, pages } = createEndlessLake()
    const seen: number[] = []
    const rules = ruleSet(ruleFile({ type: 'uri_folder', settle: '5m' }))
    const plan = await createPlanning({ lake })(NO_RULES, rules, files => seen.push(files))
    expect(plan).toMatchObject({ files: BLOBS, isExact: true, assets: 500, versions: 1000 })
    expect(plan.matched.files).toBe(BLOBS)
    expect(JSON.stringify(plan).length).toBeLessThan(5000)
    expect(Math.max(...pages)).toBeLessThanOrEqual(5000)
    expect(seen).toEqual(pages.map((_, index) => 5000 * (index + 1)))
  })

  it('lists the containers whose rules differ, and tells those that do not exist', async () => {
    const memory = createMemoryLake()
    for (const container of ['silver', 'gold', 'bronze']) {
      memory.put({ account: 'contosolake', container, path: 'sales/eu/dt=1/a.csv' }, PROPERTIES)
    }
    memory.put(
      { account: 'contosolake', container: 'gold', path: 'sales/eu/dt=1' },
      { ...PROPERTIES, isDirectory: true },
    )
    const asked: string[] = []
    const lake = {
      ...memory,
      list: (...args: Parameters<Lake['list']>) => {
        asked.push(args[0].container)
        return memory.list(...args)
      },
    }
    const same = ruleFile()
    const gold = ruleFile({ name: 'g', from: 'contosolake/gold', asset: 'g', match: '"sales/**"' })
    const nowhere = ruleFile({ name: 'n', from: 'contosolake/nowhere', asset: 'n' })
    const plan = await createPlanning({ lake })(ruleSet(same), ruleSet(joined(same, gold, nowhere)))
    expect(plan).toMatchObject({
      listed: ['contosolake/gold'],
      missing: ['contosolake/nowhere'],
      files: 1,
      matched: { files: 1 },
    })
    expect(asked).toEqual(['gold'])
  })

  it('is none where the lake does not answer', async () => {
    const { lake } = createEndlessLake()
    const broken = {
      ...lake,
      list: async () => {
        throw new TransientError('no rights to list')
      },
    }
    await expect(createPlanning({ lake: broken })(NO_RULES, ruleSet(ruleFile()))).rejects.toThrow('no rights')
  })
})
