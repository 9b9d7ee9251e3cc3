import { defineCommand, JSON_OPTION, LIMIT_OPTION, type ListOptions, SERVICE_OPTIONS } from '../command.ts'

export const filesCommand = defineCommand({
  name: 'files',
  group: 'The service:',
  summary: 'all that is known of one file',
  description:
    'all that is known of one file: its rules, and every asset, version and refusal that it led to',
  arguments: [
    {
      name: 'url-or-path',
      description: 'https://…, abfss://…, ACCOUNT/CONTAINER/PATH, or CONTAINER/PATH as the rules name it',
    },
  ],
  options: [LIMIT_OPTION, JSON_OPTION, ...SERVICE_OPTIONS],
  example: 'files silver/sales/eu/some.csv',
  async run(address: string, options: ListOptions) {
    const { files } = await import('../actions/files.ts')
    await files(address, options)
  },
})
