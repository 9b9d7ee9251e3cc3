import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CommandDefinition } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands/commands.ts'
import { createProgram } from '../../src/cli/program.ts'
import { ROOT } from '../tidy/sources.ts'

const named = COMMANDS.map(command => [command.name, command] as const)
const flagsOf = ({ options = [] }: CommandDefinition) => options.map(({ flags }) => flags.split(' ')[0])

/** What needs nobody's answer, or nothing but a shell's. */
const WITHOUT_SERVICE = ['start', 'serve', 'put', 'check', 'test', 'schema', 'completion']

describe('the command line', () => {
  it.each(named)('runs %s by its own example', async (name, { example }) => {
    const ran: string[] = []
    const program = createProgram(
      COMMANDS.map(command => ({ ...command, run: async () => void ran.push(command.name) })),
    )
    await program.parseAsync(['node', 'lakemark', ...example.split(' ')])
    expect(ran).toEqual([name])
  })

  it.each(named.filter(([name]) => name !== 'completion'))('lets %s answer programs', (_, command) => {
    expect(flagsOf(command)).toContain('--json')
  })

  it.each(named.filter(([name]) => !WITHOUT_SERVICE.includes(name)))(
    'lets %s ask a service elsewhere',
    (_, it) => {
      expect(flagsOf(it)).toEqual(expect.arrayContaining(['--url', '--audience']))
    },
  )

  it('is in the README, each command and no other', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
    const table = readme.slice(readme.indexOf('## Commands'), readme.indexOf('## HTTP API'))
    const told = [...table.matchAll(/^\| `lakemark (\w+)/gm)].map(([, name]) => name)
    expect([...new Set(told)].sort()).toEqual(COMMANDS.map(({ name }) => name).sort())
  })

  it('gives each command what it was given, arguments before options', async () => {
    const given: unknown[] = []
    const program = createProgram(
      COMMANDS.map(command => ({
        ...command,
        run: async (...args: unknown[]) => void given.push(command.name, ...args),
      })),
    )
    await program.parseAsync(['node', 'lakemark', 'assets', 'sales', '--limit', '3', '--json'])
    await program.parseAsync(['node', 'lakemark', 'put', 'a', 'b', 'c/'])
    expect(given).toEqual([
      'assets',
      'sales',
      undefined,
      { limit: '3', json: true },
      'put',
      ['a', 'b', 'c/'],
      {},
    ])
  })
})
