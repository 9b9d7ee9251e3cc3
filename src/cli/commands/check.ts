import type { CheckFormat } from '../actions/check.ts'
import { defineCommand } from '../command.ts'

export const checkCommand = defineCommand({
  name: 'check',
  group: 'Rules:',
  summary: 'everything wrong or doubtful in the rules, with its place',
  description: 'everything that is wrong or doubtful in the rules, with its place',
  arguments: [
    { name: 'dir', optional: true, description: 'the folder of the rule files (default: LAKEMARK_RULES)' },
  ],
  options: [
    {
      flags: '--format <format>',
      description: 'github: annotations for a pull request',
      choices: ['text', 'json', 'github'],
      default: 'text',
    },
    { flags: '--json', description: 'the same as --format json', implies: { format: 'json' } },
  ],
  example: 'check rules --format github',
  async run(folder: string | undefined, { format }: { format: CheckFormat }) {
    const { check } = await import('../actions/check.ts')
    await check(folder, format)
  },
})
