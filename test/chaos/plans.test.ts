import { describe, expect, it } from 'vitest'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import { planFaults } from './faults.ts'
import { planFiles, RULES_YAML, WORKSPACES_YAML } from './files.ts'
import { createGate } from './gate.ts'
import { createRandom } from './random.ts'

describe('what a run does', () => {
  it('follows from its seed alone', () => {
    const plans = [7, 7, 8].map(seed => ({
      files: planFiles(300, createRandom(seed)),
      faults: planFaults(120, createRandom(seed)),
    }))
    expect(plans[0]).toEqual(plans[1])
    expect(plans[0]).not.toEqual(plans[2])
  })

  it('has files of every kind, some overwritten and some deleted, and changes few of a folder', () => {
    const { places, operations } = planFiles(2000, createRandom(1))
    const byRule = Map.groupBy(places.values(), ({ rule }) => rule.replace(/-.*/, ''))
    expect([...byRule.keys()].sort()).toEqual(['daily', 'hot', 'single', 'stream'])
    const paths = Map.groupBy(operations, ({ path }) => path)
    expect(paths.size).toBe(places.size)
    const again = operations.filter(({ isFirst }) => !isFirst)
    expect(again.filter(({ kind }) => kind === 'delete').length).toBeGreaterThan(40)
    expect(again.length).toBeGreaterThan(200)
    for (const all of paths.values())
      expect(all.map(({ isFirst }) => isFirst)).toEqual(all.map((_, nth) => nth === 0))
  })

  it('strikes within its time, with every kind at least once in two minutes', () => {
    const faults = planFaults(120, createRandom(3))
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(15)
    expect(Math.max(...faults.map(({ atMs }) => atMs))).toBeLessThan(120_000)
    expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).sort((a, b) => a - b))
  })

  it('has rules without problems or warnings', () => {
    const files = [
      { path: 'workspaces.yaml', text: WORKSPACES_YAML },
      { path: 'rules.yaml', text: RULES_YAML },
    ]
    expect(parseRules(files)).toMatchObject({ ok: true })
  })
})

describe('the gate of the writer', () => {
  it('waits for those inside before it closes, and lets those outside wait', async () => {
    const gate = createGate()
    const story: string[] = []
    const first = Promise.withResolvers<void>()
    const inside = gate.pass(async () => {
      await first.promise
      story.push('inside')
    })
    const closed = gate.whileClosed(async () => story.push('closed'))
    const outside = gate.pass(async () => story.push('outside'))
    first.resolve()
    await Promise.all([inside, closed, outside])
    expect(story).toEqual(['inside', 'closed', 'outside'])
  })

  it('opens again after a failure', async () => {
    const gate = createGate()
    await expect(gate.whileClosed(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await gate.pass(async () => 'in')).toBe('in')
  })
})
