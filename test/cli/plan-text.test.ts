import { describe, expect, it } from 'vitest'
import { formatPlanMarkdown } from '../../src/cli/plan/plan-markdown.ts'
import { formatPlan } from '../../src/cli/plan/plan-text.ts'
import { duration, type ToldPlan } from '../../src/cli/plan/plan-words.ts'
import { createRulesPlanner, NO_RULES } from '../../src/core/rule-plan/planner.ts'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { ruleFile, ruleSet } from '../support/rule-files.ts'

function told(paths: readonly string[], overrides: Partial<ToldPlan> = {}): ToldPlan {
  const planner = createRulesPlanner(NO_RULES, ruleSet(ruleFile()))
  for (const path of paths) planner.add({ account: 'contosolake', container: 'silver', path })
  const places = { listed: ['contosolake/silver'], missing: [], old: 'none', new: 'rules' }
  return { ...planner.finish(), ...places, ...overrides }
}

const HOSTILE = 'sales/eu/dt=1/a`|<img src=x>\n## [x](y)\u001b[31m``.csv'

describe('the text of a plan', () => {
  it('names what was compared, the counts, the writes, and the first files', () => {
    const paths = Array.from({ length: 300 }, (_, i) => `sales/eu/dt=1/${i}.csv`)
    const text = formatPlan(told(paths, { missing: ['contosolake/gold'] }))
    expect(text).toMatch(
      /^old rules {2}none\nnew rules {2}rules\nlake {7}300 files looked at in contosolake\/silver\n/,
    )
    expect(text).toContain('contosolake/gold does not exist')
    expect(text).toContain('+ sales  new')
    expect(text).toMatch(/RULE +NEW FILES .*\nsales +300 +300\n/)
    expect(text).toMatch(/ml-b +0{8}-\S+ +300\n/)
    expect(text).toMatch(/0{8}-\S+ +600 +40 s\n/)
    expect(text).toContain('300 versions of 1 asset would be made: 600 ARM writes, 40 s.')
    expect(text).toContain(
      'Newly matched, first 10 of 300:\n  contosolake/silver/sales/eu/dt=1/0.csv → sales-eu  (sales)',
    )
  })

  it('marks estimates', () => {
    expect(formatPlan(told(['sales/eu/dt=1/a.csv'], { isExact: false }))).toMatch(/≈ 1 version of 1 asset/)
  })

  it('shows no control characters of file names', () => {
    const text = formatPlan(told([HOSTILE]))
    expect(text).not.toContain('\u001b')
    expect(text).not.toMatch(/^## /m)
  })

  it('says that nothing changes', () => {
    const same = ruleSet(ruleFile())
    const renamed = ruleSet(ruleFile({ name: 'other' }))
    const plan = {
      ...createRulesPlanner(same, renamed).finish(),
      listed: [],
      missing: [],
      old: 'HEAD',
      new: 'rules',
    }
    expect(formatPlan(plan)).toMatch(/= other {2}was sales; makes nothing anew\nNothing changes\.$/)
    expect(formatPlanMarkdown(plan)).toMatch(/^### Lakemark plan: nothing changes\n/)
  })
})

describe('the markdown of a plan', () => {
  it('has tables and folded samples', () => {
    const text = formatPlanMarkdown(told(['sales/eu/dt=1/a.csv']))
    expect(text).toMatch(/^### Lakemark plan: 1 file newly matched, 0 no longer, 1 version of 1 asset\n/)
    expect(text).toContain('| `sales` | 1 | 0 | 0 | 0 | 0 | 1 |')
    expect(text).toContain('| `00000000-0000-0000-0000-000000000001` | 2 | at once |')
    expect(text).toContain('- `contosolake/silver/sales/eu/dt=1/a.csv` → `sales-eu` (`sales`)')
  })

  it('takes no markup from the names of files', () => {
    const text = formatPlanMarkdown(told([HOSTILE]))
    expect(text).toContain(
      '``` contosolake/silver/sales/eu/dt=1/a`|<img src=x>\ufffd## [x](y)\ufffd[31m``.csv ```',
    )
    expect(text.split('\n').filter(line => line.startsWith('#'))).toHaveLength(1)
  })

  it('fits into a comment, however long the names are', () => {
    const path = (i: number) => `sales/eu/dt=1/${String(i).padEnd(900, 'x')}.csv`
    const plan = told(Array.from({ length: 20 }, (_, i) => path(i)))
    const { matched } = plan
    const text = formatPlanMarkdown({
      ...plan,
      unmatched: matched,
      changed: matched,
      delivered: matched,
      refused: matched,
    })
    expect(text.length).toBeLessThan(65_536)
  })
})

describe('a duration', () => {
  it.each([
    [0, 'at once'],
    [0.1 * SECOND, '1 s'],
    [100 * SECOND, '1 min 40 s'],
    [119.9 * SECOND, '2 min 0 s'],
    [83 * MINUTE, '1 h 23 min'],
    [4980 * SECOND, '1 h 23 min'],
    [1000 * 60 * MINUTE, '1,000 h 0 min'],
  ])('of %i ms is %s', (takesMs, text) => {
    expect(duration({ takesMs })).toBe(text)
  })
})
