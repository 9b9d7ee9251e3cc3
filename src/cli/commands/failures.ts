import type { FailuresOptions } from '../actions/failures.ts'
import {
  defineCommand,
  JSON_OPTION,
  LIMIT_OPTION,
  RULE_OPTION,
  SERVICE_OPTIONS,
  WORKSPACE_OPTION,
} from '../command.ts'

export const failuresCommand = defineCommand({
  name: 'failures',
  group: 'The service:',
  summary: 'what has failed for good, with its reason',
  description:
    'what has failed for good, with its reason: deliveries, files that cannot be registered, messages',
  options: [
    {
      flags: '--kind <kind>',
      description: 'of one kind',
      choices: ['delivery', 'refusal', 'message', 'dead-letter'],
    },
    RULE_OPTION,
    WORKSPACE_OPTION,
    { flags: '--asset <asset>', description: 'of one asset', completes: 'assets' },
    { flags: '--q <text>', description: 'what stands in the asset, the file or the reason' },
    { ...LIMIT_OPTION, description: 'how many at most; where there are more, that is said (default: 100)' },
    JSON_OPTION,
    ...SERVICE_OPTIONS,
  ],
  example: 'failures --workspace ml-retail',
  async run(options: FailuresOptions) {
    const { failures } = await import('../actions/failures.ts')
    await failures(options)
  },
})
