import {
  defineCommand,
  JSON_OPTION,
  type JsonOption,
  SERVICE_OPTIONS,
  type ServiceOptions,
} from '../command.ts'

export const rulesCommand = defineCommand({
  name: 'rules',
  group: 'The service:',
  summary: 'the rules in force, and newer ones that were refused',
  description: 'the rules in force, and a newer commit of them that was refused, with its problems',
  arguments: [
    {
      name: 'action',
      optional: true,
      choices: ['refresh'],
      description: 'refresh: asks where they come from for newer ones now',
    },
  ],
  options: [JSON_OPTION, ...SERVICE_OPTIONS],
  notes: 'Exit code 1: a newer commit was refused, or where the rules come from could not be asked.',
  example: 'rules refresh',
  async run(action: 'refresh' | undefined, options: JsonOption & ServiceOptions) {
    const { rules } = await import('../actions/rules.ts')
    await rules(action, options)
  },
})
