import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/commands.ts'
import { complete } from '../../src/cli/completion/complete.ts'

const NAMES = {
  assets: ['sales-eu', 'sales-us', '$(reboot)', 'a b', '`x`', 'x;y'],
  rules: ['daily-sales'],
  workspaces: ['ml-retail', 'ml-forecast'],
  containers: ['contosolake/silver'],
  runs: ['98204565579252-3866d2f641cb'],
}

async function valuesOf(...words: string[]): Promise<string[]> {
  const found = await complete(COMMANDS, words, async kind => NAMES[kind])
  return found.map(({ value }) => value)
}

describe('completion', () => {
  it('knows the commands', async () => {
    expect(await valuesOf('')).toEqual(COMMANDS.map(({ name }) => name))
    expect(await valuesOf('re')).toEqual(['retry', 'resync', 'register'])
    expect(await valuesOf('--v')).toEqual(['--version'])
    expect(await valuesOf('nothing', '')).toEqual([])
  })

  it('knows the options of a command, and offers none twice', async () => {
    const options = await valuesOf('resync', '--dry-run', '--')
    expect(options).toContain('--rule')
    expect(options).toContain('--help')
    expect(options).not.toContain('--dry-run')
    expect(options).not.toContain('--base')
  })

  it.each([
    ['retry', '--rule', '', 'daily-sales'],
    ['resync', '--verify', '--container', 'con', 'contosolake/silver'],
    ['runs', '', '98204565579252-3866d2f641cb'],
    ['runs', '--follow', '9', '98204565579252-3866d2f641cb'],
    ['rules', '', 'refresh'],
    ['completion', 'f', 'fish'],
    ['check', '--format', 'git', 'github'],
  ])('finds the last of %j', async (...words) => {
    const expected = words.pop()
    expect(await valuesOf(...words)).toEqual([expected])
  })

  it('offers no name that a shell would take for more than a name', async () => {
    expect(await valuesOf('status', '')).toEqual(['sales-eu', 'sales-us'])
  })

  it('leaves the places of files to the shell', async () => {
    expect(await valuesOf('put', '')).toEqual([])
    expect(await valuesOf('check', '')).toEqual([])
    expect(await valuesOf('status', 'sales-eu', '')).toEqual([])
  })

  it('asks the service that stands in the line', async () => {
    const asked: unknown[] = []
    const words = ['status', '--url', 'https://lakemark.example', '--audience=api://x', 'sales']
    await complete(COMMANDS, words, async (...call) => {
      asked.push(call)
      return []
    })
    expect(asked).toEqual([
      ['assets', { beginning: 'sales', url: 'https://lakemark.example', audience: 'api://x' }],
    ])
  })
})
