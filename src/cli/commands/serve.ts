import { defineCommand, type JsonOption } from '../command.ts'

export const serveCommand = defineCommand({
  name: 'serve',
  group: 'On this machine:',
  summary: 'only the functions, over the account of AzureWebJobsStorage',
  description: 'only the functions, over the storage account that AzureWebJobsStorage names',
  options: [{ flags: '--json', description: 'its address as one line of JSON, once it is ready' }],
  notes: 'Any number of them may share one storage account.',
  example: 'serve',
  async run(options: JsonOption) {
    const { serve } = await import('../actions/serve.ts')
    await serve(options)
  },
})
