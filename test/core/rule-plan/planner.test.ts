import { describe, expect, it } from 'vitest'
import { createRulesPlanner, NO_RULES } from '../../../src/core/rule-plan/planner.ts'
import type { RulesPlan } from '../../../src/core/rule-plan/rules-plan.ts'
import type { RuleSet } from '../../../src/core/rules/rule-set.ts'
import { joined, ruleFile, ruleSet } from '../../support/rule-files.ts'

type Fields = Record<string, string | undefined>

const FILES = [
  'sales/eu/dt=1/a.csv',
  'sales/eu/dt=1/b.csv',
  'sales/eu/dt=2/c.csv',
  'sales/us/dt=1/d.csv',
  'x.txt',
]
const GATHERED = { type: 'uri_folder', settle: '5m' }

const setOf = (...rules: Fields[]) =>
  rules.length === 0 ? NO_RULES : ruleSet(joined(...rules.map(fields => ruleFile(fields))))

function plan(old: RuleSet, next: RuleSet, paths: readonly string[] = FILES, options = {}): RulesPlan {
  const planner = createRulesPlanner(old, next, options)
  for (const path of paths) planner.add({ account: 'contosolake', container: 'silver', path })
  return planner.finish()
}

/** By alias. */
function writes({ byWorkspace }: RulesPlan): Record<string, number> {
  return Object.fromEntries(byWorkspace.map(({ alias, versions }) => [alias, versions]))
}

describe('the versions that a new rule makes', () => {
  it.each<[string, Fields, number, number]>([
    ['one a file', {}, 4, 2],
    ['one a file, whatever it waits for', { settle: '5m' }, 4, 2],
    ['one a file of a folder that is cut at once', { type: 'uri_folder' }, 4, 2],
    ['one a folder that gathers', GATHERED, 3, 2],
    ['one for all that points to one folder', { ...GATHERED, folder: 'sales/{region}' }, 2, 2],
    ['one an asset and folder', { ...GATHERED, asset: '"s-{region}-{date}"', folder: 'sales' }, 3, 3],
  ])('are %s', (_, fields, versions, assets) => {
    const made = plan(NO_RULES, setOf(fields))
    expect(made).toMatchObject({ isChange: true, versions, assets, files: 5, matched: { files: 4 } })
    expect(writes(made)).toEqual({ 'ml-a': versions, 'ml-b': versions })
    expect(made.byRule).toEqual([
      { rule: 'sales', matched: 4, unmatched: 0, changed: 0, delivered: 0, refused: 0, versions },
    ])
  })

  it('are writes to the subscription of their workspaces: 200 at once, then ten a second', () => {
    const paths = Array.from({ length: 10_000 }, (_, i) => `sales/eu/dt=1/${i}.csv`)
    const { bySubscription } = plan(NO_RULES, setOf({}), paths)
    expect(bySubscription).toEqual([
      { subscription: '00000000-0000-0000-0000-000000000001', writes: 20_000, takesMs: 1_980_000 },
    ])
    const few = plan(NO_RULES, setOf({}), paths.slice(0, 100))
    expect(few.bySubscription[0]).toMatchObject({ writes: 200, takesMs: 0 })
  })

  it('leave out markers, directories and what is refused', () => {
    const fields = {
      ...GATHERED,
      marker: '_SUCCESS',
      match: '"sales/{region}/dt={date}/**"',
      asset: '"{region}"',
    }
    const paths = ['sales/eu/dt=1/_SUCCESS', 'sales/eu/dt=1/x/', 'sales/日/dt=1/a.csv', 'sales/eu/dt=1/a.csv']
    const made = plan(NO_RULES, setOf(fields), paths)
    expect(made).toMatchObject({ matched: { files: 1 }, refused: { files: 1 }, versions: 1 })
    expect(made.refused.samples[0]).toMatchObject({
      file: 'contosolake/silver/sales/日/dt=1/a.csv',
      asset: null,
      note: expect.stringMatching(/no character/),
    })
  })
})

describe('a change of the rules', () => {
  it.each<[string, Fields[], Fields[]]>([
    ['that is none', [{}], [{}]],
    ['of order', [{}, { name: 'b', asset: 'b' }], [{ name: 'b', asset: 'b' }, {}]],
    ['of a name', [{}], [{ name: 'other' }]],
    ['of how workspaces are named', [{ to: 'both' }], [{ to: '[ml-b, ml-a]' }]],
  ])('%s changes nothing', (_, old, next) => {
    const planner = createRulesPlanner(setOf(...old), setOf(...next))
    expect(planner.containers).toEqual([])
    expect(planner.finish().isChange).toBe(false)
  })

  it('is told rule by rule, with the fields that differ', () => {
    const kept = { name: 'kept', asset: 'kept' }
    const old = setOf(
      kept,
      { name: 'gone', asset: 'gone' },
      { name: 'a', asset: 'a' },
      { name: 'before', asset: 'r' },
    )
    const next = setOf(
      kept,
      { name: 'new', asset: 'new' },
      { name: 'a', asset: 'b', tags: '{ t: x }' },
      { name: 'after', asset: 'r' },
    )
    expect(plan(old, next, []).rules).toEqual({
      added: ['new'],
      removed: ['gone'],
      changed: [{ rule: 'a', fields: ['asset', 'tags'] }],
      renamed: [{ from: 'before', to: 'after' }],
    })
  })

  it('is looked for in the containers whose rules differ, and in no other', () => {
    const old = setOf({}, { name: 'g', from: 'contosolake/gold', asset: 'g' })
    const next = setOf({}, { name: 'g', from: 'contosolake/bronze', asset: 'g' })
    expect(createRulesPlanner(old, next).containers.map(it => it.container)).toEqual(['bronze', 'gold'])
  })

  it('says which files are matched newly, and which no longer', () => {
    const made = plan(setOf({ match: 'sales/{region}/dt=1/*.csv' }), setOf({ where: '{ region: eu }' }))
    expect(made.matched).toEqual({
      files: 1,
      samples: [
        { file: 'contosolake/silver/sales/eu/dt=2/c.csv', rule: 'sales', asset: 'sales-eu', note: null },
      ],
    })
    expect(made.unmatched).toMatchObject({
      files: 1,
      samples: [{ file: 'contosolake/silver/sales/us/dt=1/d.csv', rule: 'sales', asset: 'sales-us' }],
    })
    expect(writes(made)).toEqual({ 'ml-a': 1, 'ml-b': 1 })
  })

  it('makes nothing anew where another rule makes the same asset', () => {
    const old = setOf({ name: 'wide' })
    const next = setOf({ name: 'eu', where: '{ region: eu }' }, { name: 'us', where: '{ region: us }' })
    expect(plan(old, next)).toMatchObject({
      isChange: true,
      matched: { files: 0 },
      unmatched: { files: 0 },
      versions: 0,
      byWorkspace: [],
    })
  })

  it('of the asset makes everything anew', () => {
    const made = plan(setOf({}), setOf({ asset: 'other-{region}' }))
    expect(made).toMatchObject({ matched: { files: 4 }, unmatched: { files: 4 }, versions: 4, assets: 2 })
  })

  it.each<[string, number]>([
    ['newest', 2],
    ['all', 4],
    ['none', 0],
  ])('that adds a workspace gives it what backfill: %s says', (backfill, versions) => {
    const made = plan(setOf({ to: 'ml-a' }), setOf({ to: 'both', backfill }))
    expect(made).toMatchObject({ matched: { files: 0 }, delivered: { files: 4 }, versions: 0, assets: 0 })
    expect(made.delivered.samples[0]?.note).toMatch(/^also to ml-b, /)
    expect(writes(made)).toEqual(versions === 0 ? {} : { 'ml-b': versions })
  })

  it('of type or folder is told, and makes nothing by itself', () => {
    const typed = plan(setOf({}), setOf(GATHERED))
    expect(typed).toMatchObject({ changed: { files: 4 }, versions: 0 })
    expect(typed.changed.samples[0]?.note).toMatch(/exists as uri_file; is refused as uri_folder/)
    const moved = plan(setOf(GATHERED), setOf({ ...GATHERED, folder: '"sales/{region}"' }))
    expect(moved.changed.samples[0]?.note).toBe('sales/eu/dt=1/ becomes sales/eu/')
  })
})

describe('a plan', () => {
  it('shows the first files of each kind only', () => {
    const made = plan(NO_RULES, setOf({}), FILES, { samples: 2 })
    expect(made.matched).toMatchObject({ files: 4, samples: [{}, {}] })
  })

  it('estimates what it cannot tell apart any more, and says so', () => {
    const paths = Array.from({ length: 20_000 }, (_, i) => `sales/r${i}/dt=1/a.csv`)
    const made = plan(NO_RULES, setOf(GATHERED), paths, { maxDistinct: 2000 })
    expect(made.isExact).toBe(false)
    expect(made.matched.files).toBe(20_000)
    for (const count of [made.versions, made.assets, writes(made)['ml-a']]) {
      expect(Math.abs((count ?? 0) - 20_000)).toBeLessThan(2000)
    }
    expect(plan(NO_RULES, setOf(GATHERED), paths).versions).toBe(20_000)
  })
})
