import { defineCommand, JSON_OPTION, LIMIT_OPTION, type ListOptions, SERVICE_OPTIONS } from '../command.ts'

export const statusCommand = defineCommand({
  name: 'status',
  group: 'The service:',
  summary: 'all assets, or one, and what cannot be registered',
  description: 'assets, their versions and how these stand in each workspace, and what cannot be registered',
  arguments: [
    {
      name: 'asset',
      optional: true,
      description: 'one asset, with its newest versions',
      completes: 'assets',
    },
  ],
  options: [LIMIT_OPTION, JSON_OPTION, ...SERVICE_OPTIONS],
  example: 'status sales-eu-some',
  async run(asset: string | undefined, options: ListOptions) {
    const { status } = await import('../actions/status.ts')
    await status(asset, options)
  },
})
