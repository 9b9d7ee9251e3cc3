import {
  defineCommand,
  JSON_OPTION,
  type JsonOption,
  SERVICE_OPTIONS,
  type ServiceOptions,
} from '../command.ts'

export const healthCommand = defineCommand({
  name: 'health',
  group: 'The service:',
  summary: 'whether the service is ready, and what it has counted',
  description: 'whether the service is ready, which of what it needs is not, and what it has counted',
  options: [JSON_OPTION, ...SERVICE_OPTIONS],
  notes: 'Exit code 1: it is not ready.',
  example: 'health',
  async run(options: JsonOption & ServiceOptions) {
    const { health } = await import('../actions/health.ts')
    await health(options)
  },
})
