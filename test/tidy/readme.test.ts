import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRules } from '../../src/core/rules/parse-rules.ts'
import { SETTING_NAMES } from '../../src/settings.ts'
import { ROOT } from './sources.ts'

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')

describe('the README', () => {
  it('names every setting, and no other', () => {
    const table = readme.slice(readme.indexOf('## Settings'), readme.indexOf('## Architecture'))
    const named = [...table.matchAll(/`((?:LAKEMARK_|AZURE_|AzureWebJobsStorage|…__)\w*)`/g)].map(
      ([, name]) => String(name).replace('…', 'AzureWebJobsStorage'),
    )
    expect([...new Set(named)].sort()).toEqual([...SETTING_NAMES].sort())
  })

  it('shows rules that load', () => {
    const blocks = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text], index) => ({
      path: `block-${index}.yaml`,
      text: String(text),
    }))
    expect(blocks.length).toBeGreaterThan(1)
    expect(parseRules(blocks)).toMatchObject({ ok: true })
  })

  it('names scripts and files that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    for (const [, script] of readme.matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(script)
    for (const [, file] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      expect(() => readFileSync(join(ROOT, String(file)))).not.toThrow()
    }
  })
})
