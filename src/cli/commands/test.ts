import { defineCommand, JSON_OPTION, type JsonOption } from '../command.ts'

export const testCommand = defineCommand({
  name: 'test',
  group: 'Rules:',
  summary: 'holds your own examples against the rules',
  description: 'holds your own examples against the rules: which file makes which asset, or none',
  arguments: [
    {
      name: 'file',
      optional: true,
      many: true,
      description: 'files of examples (default: all in tests/ of the rules)',
    },
  ],
  options: [
    { flags: '--rules <dir>', description: 'the folder of the rule files (default: LAKEMARK_RULES)' },
    JSON_OPTION,
  ],
  example: 'test rules/tests/sales.yaml',
  async run(files: string[], options: { rules?: string } & JsonOption) {
    const { test } = await import('../actions/test.ts')
    await test(files, options)
  },
})
