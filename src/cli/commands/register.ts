import type { RegisterOptions } from '../actions/register.ts'
import { defineCommand, SERVICE_OPTIONS } from '../command.ts'

export const registerCommand = defineCommand({
  name: 'register',
  group: 'The service:',
  summary: 'registers datasets that a file names, without a rule',
  description:
    'registers the datasets that a file names, without a rule for them, and follows that to its end',
  arguments: [
    {
      name: 'file',
      description: 'the request as JSON, as POST /api/register takes it; - for standard input',
    },
  ],
  options: [
    { flags: '--dry-run', description: 'checks and counts, and changes nothing' },
    { flags: '--no-wait', description: 'ends once it is begun' },
    {
      flags: '--idempotency-key <key>',
      description: 'the same key leads to the same registration for a day, however often this is called',
    },
    { flags: '--json', description: 'what became of it, as one JSON document' },
    ...SERVICE_OPTIONS,
  ],
  notes: 'Exit code 3: not all of it is registered.',
  example: 'register request.json --dry-run',
  async run(file: string, options: RegisterOptions) {
    const { register } = await import('../actions/register.ts')
    await register(file, options)
  },
})
