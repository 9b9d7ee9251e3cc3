import type { RunsOptions } from '../actions/runs.ts'
import { defineCommand, LIMIT_OPTION, SERVICE_OPTIONS } from '../command.ts'

export const runsCommand = defineCommand({
  name: 'runs',
  group: 'The service:',
  summary: 're-sync runs: to look at, follow or cancel',
  description: 're-sync runs: all of them newest first, or one, to look at, follow or cancel',
  arguments: [{ name: 'id', optional: true, description: 'one run', completes: 'runs' }],
  options: [
    { flags: '--follow', description: 'until the run has ended; Ctrl-C leaves it going' },
    { flags: '--cancel', description: 'cancels the run; what it has taken in stays' },
    { flags: '--findings', description: 'what --verify has found in Azure ML that differs' },
    { ...LIMIT_OPTION, description: 'how many at most; where there are more, that is said (default: 20)' },
    { flags: '--json', description: 'one JSON document; with --follow the run as it ended' },
    ...SERVICE_OPTIONS,
  ],
  notes: 'Exit code 3, with --follow: the run failed or was cancelled, or ended with failures.',
  example: 'runs 98234567890123-4f1c9a20be77 --follow',
  async run(id: string | undefined, options: RunsOptions) {
    const { runs } = await import('../actions/runs.ts')
    await runs(id, options)
  },
})
