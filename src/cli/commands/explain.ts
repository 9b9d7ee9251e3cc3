import {
  defineCommand,
  JSON_OPTION,
  type JsonOption,
  SERVICE_OPTIONS,
  type ServiceOptions,
} from '../command.ts'

export const explainCommand = defineCommand({
  name: 'explain',
  group: 'The service:',
  summary: 'why a file is or is not registered',
  description: 'why a file is or is not registered: what each rule says, and what the ledger knows',
  arguments: [
    {
      name: 'url-or-path',
      description: 'https://…, abfss://…, ACCOUNT/CONTAINER/PATH, or CONTAINER/PATH as the rules name it',
    },
  ],
  options: [JSON_OPTION, ...SERVICE_OPTIONS],
  notes: 'Where no service runs on this machine and none is named, the rules folder alone is asked.',
  example: 'explain silver/sales/eu/some.csv',
  async run(address: string, options: JsonOption & ServiceOptions) {
    const { explain } = await import('../actions/explain.ts')
    await explain(address, options)
  },
})
