import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exampleFileJsonSchema, ruleFileJsonSchema } from '../../src/core/rules/json-schema.ts'
import { ruleFile, WORKSPACES } from '../support/rule-files.ts'
import { ROOT } from '../tidy/sources.ts'
import { runCommand } from './process.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakemark-rules-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('lakemark check', () => {
  it('finds nothing in the sample rules, which it reads where no folder is named', async () => {
    expect(await run('check')).toEqual({ code: 0, stdout: 'no problems in 2 files\n', stderr: '' })
  })

  it('shows every problem and warning with its lines, and ends with 1', async () => {
    const path = await write('r.yaml', ruleFile({ asset: 'x-{regoin}', ignore: '"**"' }))
    const { code, stdout, stderr } = await run('check', folder)
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout.split('\n')).toEqual([
      `${path}:5:12  asset: unknown capture {regoin}; did you mean {region}? the pattern captures {region}, {date}`,
      '  4 |     match: sales/{region}/dt={date}/*.csv',
      '> 5 |     asset: x-{regoin}',
      '    |            ^^^^^^^^^^',
      '  6 |     to: both',
      '',
      `${path}:7:13  warning: ignore: "**" is all that match takes: the rule matches no file`,
      '  6 |     to: both',
      '> 7 |     ignore: "**"',
      '    |             ^^^^',
      '',
      '1 problem, 1 warning in 2 files',
      '',
    ])
  })

  it('ends with 0 where there are warnings alone', async () => {
    await write('r.yaml', ruleFile({ type: 'uri_folder' }))
    const { code, stdout } = await run('check', folder)
    expect(code).toBe(0)
    expect(stdout).toMatch(/warning: settle: is 0s[\s\S]*\n1 warning in 2 files\n$/)
  })

  it('is coloured only where that is wanted', async () => {
    await write('r.yaml', ruleFile({ settle: '5' }))
    const plain = await run('check', folder)
    const coloured = await runCommand(folder, ['check', folder], { FORCE_COLOR: '1' })
    expect(plain.stdout).not.toContain('\u001b')
    expect(coloured.stdout).toContain('\u001b[31m')
  })

  it.each([['--json'], ['--format', 'json']])('answers programs with %s %s', async (...format) => {
    const path = await write('r.yaml', ruleFile({ to: 'bth', type: 'uri_folder' }))
    const { code, stdout } = await run('check', folder, ...format.filter(it => it !== undefined))
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      problems: [
        {
          severity: 'problem',
          file: path,
          line: 6,
          column: 9,
          endColumn: 12,
          message: 'to: bth is neither a workspace nor a group; did you mean both?',
          suggestion: 'both',
        },
      ],
      warnings: [],
    })
  })

  it('annotates a pull request', async () => {
    const path = await write('r.yaml', ruleFile({ settle: '5' }))
    const { code, stdout } = await run('check', folder, '--format', 'github')
    expect(code).toBe(1)
    expect(stdout.split('\n')).toEqual([
      `::error file=${path},line=7,col=13,title=Problem in the rules::settle: 5 has no unit; write 5s or 5m (units: ms, s, m, h, d)`,
      '1 problem in 2 files',
      '',
    ])
  })

  it.each([
    ['a folder that is not there', ['check', 'nowhere'], 1, 'nowhere: there is no such folder'],
    ['a folder without rules', ['check', 'src/cli'], 1, 'src/cli: no rule files, which end in .yaml or .yml'],
    [
      'a file',
      ['check', 'package.json'],
      1,
      'package.json: not a folder; name the folder that holds the rule files',
    ],
    [
      'another format',
      ['check', '--format', 'xml'],
      2,
      "argument 'xml' is invalid. Allowed choices are text, json, github.",
    ],
  ])('says what is wrong with %s', async (_, args, code, message) => {
    const result = await run(...args)
    expect(result.code).toBe(code)
    expect(result.stderr).toContain(message)
  })

  it('asks for a folder where the rules are in git', async () => {
    const env = { LAKEMARK_RULES: 'git+https://host.example/org/repo#main:rules' }
    const { code, stderr } = await runCommand(folder, ['check'], env)
    expect(code).toBe(2)
    expect(stderr).toContain('LAKEMARK_RULES is a git address')
  })
})

describe('lakemark test', () => {
  const example = (file: string, expected: string) => `  - file: ${file}\n    expect: ${expected}\n`
  const FILE = 'contosolake/silver/sales/eu/dt=1/a.csv'

  it('holds for the sample rules', async () => {
    const { code, stdout } = await run('test')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '7 passed, 0 failed\n' })
  })

  it('tries the examples beside the rules, and says where, what and why', async () => {
    await write('r.yaml', ruleFile())
    const path = await write('tests/some/t.yaml', `tests:\n${example(FILE, '{ asset: sales-eu }')}`)
    const env = { LAKEMARK_RULES: folder }
    expect(await runCommand(folder, ['test'], env)).toEqual({
      code: 0,
      stdout: '1 passed, 0 failed\n',
      stderr: '',
    })

    const gold = example('contosolake/gold/a.csv', '{ asset: sales-eu }').replace(
      '- ',
      '- name: golden\n    ',
    )
    await write(
      'tests/some/t.yaml',
      `tests:\n${example(FILE, 'no match')}${gold}${example(FILE, '{ asset: sales-eu }')}`,
    )
    const { code, stdout } = await runCommand(folder, ['test'], env)
    expect(code).toBe(1)
    expect(stdout.split('\n')).toEqual([
      `${path}:2:11  ${FILE}`,
      '    expected  no match',
      '    found     sales-eu of rule sales',
      '',
      `${path}:6:22  golden: contosolake/gold/a.csv`,
      '    expected  sales-eu',
      '    found     no match',
      '    because   no rule watches contosolake/gold; rules watch contosolake/silver',
      '',
      '1 passed, 2 failed',
      '',
    ])
    const coloured = await runCommand(folder, ['test'], { ...env, FORCE_COLOR: '1' })
    expect(coloured.stdout).toContain(`\u001b[1m${path}:2:11\u001b[22m  ${FILE}\n`)
  })

  it('tries the files named, and answers programs', async () => {
    await write('r.yaml', ruleFile())
    await write('tests/other.yaml', 'tests: [')
    const path = await write('mine.txt', `tests:\n${example(FILE, '{ asset: sales-us, rule: sales }')}`)
    const { code, stdout } = await run('test', '--rules', folder, '--json', join(folder, 'mine.txt'))
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      passed: 0,
      failed: 1,
      problems: [],
      tests: [
        {
          ok: false,
          file: path,
          line: 2,
          column: 11,
          path: FILE,
          differences: [
            { line: 3, column: 22, expected: 'sales-us of rule sales', found: 'sales-eu of rule sales' },
          ],
        },
      ],
    })
  })

  it.each<[string, string, string, RegExp]>([
    [
      'the rules',
      ruleFile({ settle: '5' }),
      'tests:\n',
      /settle: 5 has no unit[\s\S]*1 problem in 2 files; no example was tried\n$/,
    ],
    [
      'the examples',
      ruleFile(),
      'test:\n',
      /unknown key test; did you mean tests\?[\s\S]*> 1 \| test:[\s\S]*no example was tried\n$/,
    ],
  ])('tells problems of %s and tries nothing', async (_, rules, examples, told) => {
    await write('r.yaml', rules)
    await write('tests/t.yaml', examples)
    const { code, stdout } = await run('test', '--rules', folder)
    expect(code).toBe(1)
    expect(stdout).toMatch(told)
    const { problems, ok } = JSON.parse((await run('test', '--rules', folder, '--json')).stdout)
    expect({ ok, count: problems.length }).toEqual({ ok: false, count: 1 })
  })

  it('fails where there is nothing to try', async () => {
    await write('r.yaml', ruleFile())
    const none = await run('test', '--rules', folder)
    expect(none.code).toBe(1)
    expect(none.stderr).toContain('no examples found; write some under tests: in')
    const missing = await run('test', '--rules', folder, 'nowhere.yaml')
    expect(missing).toMatchObject({ code: 1, stderr: 'nowhere.yaml: there is no such file\n' })
  })
})

describe('lakemark schema', () => {
  it('writes the schemas beside the rules', async () => {
    const { code, stdout } = await run('schema', folder)
    expect({ code, lines: stdout.trim().split('\n').length }).toEqual({ code: 0, lines: 2 })
    expect(JSON.parse(await readFile(join(folder, 'schema.json'), 'utf8'))).toEqual(ruleFileJsonSchema())
    expect(JSON.parse(await readFile(join(folder, 'tests/schema.json'), 'utf8'))).toEqual(
      exampleFileJsonSchema(),
    )
  })
})

function run(...args: string[]) {
  return runCommand(folder, args)
}

/** Beside the workspaces; answers the path as commands tell it. */
async function write(name: string, text: string): Promise<string> {
  await mkdir(join(folder, 'tests/some'), { recursive: true })
  await writeFile(join(folder, 'w.yaml'), WORKSPACES)
  await writeFile(join(folder, name), text)
  return relative(ROOT, join(folder, name))
}
