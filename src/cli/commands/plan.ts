import type { PlanOptions } from '../actions/plan.ts'
import { defineCommand, JSON_OPTION, SERVICE_OPTIONS } from '../command.ts'

export const planCommand = defineCommand({
  name: 'plan',
  group: 'Rules:',
  summary: 'what the rules would change, over all that lies in the lake',
  description: 'what the rules of the folder would change, over all that lies in the lake; it writes nothing',
  options: [
    { flags: '--base <ref>', description: 'compare with the rules of a git branch, tag or commit' },
    {
      flags: '--against <url>',
      description: 'compare with the rules of a running service; ?code= may carry its function key',
    },
    JSON_OPTION,
    { flags: '--markdown', description: 'for a comment of a pull request' },
    ...SERVICE_OPTIONS,
  ],
  notes: `Without --base and --against: with the service of --url or LAKEMARK_URL, else with the one that runs here, else
with the last commit, else with no rules.
Exit codes: 0 nothing changes, 2 something does, 1 it could not be told.`,
  // 2 says that something changes: wrong usage must not.
  usageExitCode: 1,
  example: 'plan --base origin/main --markdown',
  async run(options: PlanOptions) {
    const { plan } = await import('../actions/plan.ts')
    await plan(options)
  },
})
