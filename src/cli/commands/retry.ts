import type { RetryOptions } from '../actions/retry.ts'
import {
  defineCommand,
  JSON_OPTION,
  RULE_OPTION,
  SERVICE_OPTIONS,
  type ServiceOptions,
  WORKSPACE_OPTION,
} from '../command.ts'

export const retryCommand = defineCommand({
  name: 'retry',
  group: 'The service:',
  summary: 'tries again what has failed',
  description: 'makes what has failed pending again: of an asset, or of all that a filter names',
  arguments: [
    { name: 'asset', optional: true, description: 'all that failed of one asset', completes: 'assets' },
  ],
  options: [
    { flags: '--id <id>', description: 'one failure, by the id that lakemark failures shows' },
    RULE_OPTION,
    WORKSPACE_OPTION,
    {
      flags: '--kind <kind>',
      description: 'of one kind',
      choices: ['delivery', 'refusal', 'message', 'dead-letter'],
    },
    { flags: '--all', description: 'all that has failed' },
    JSON_OPTION,
    ...SERVICE_OPTIONS,
  ],
  example: 'retry --workspace ml-retail',
  async run(asset: string | undefined, options: RetryOptions & ServiceOptions) {
    const { retry } = await import('../actions/retry.ts')
    await retry(asset, options)
  },
})
