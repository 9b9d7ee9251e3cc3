import { defineCommand, type JsonOption } from '../command.ts'

export const startCommand = defineCommand({
  name: 'start',
  group: 'On this machine:',
  summary: 'everything on this machine: lake, Event Grid, Azure ML, functions',
  description: 'everything on this machine: the lake, Event Grid, Azure ML and the functions',
  options: [
    { flags: '--ephemeral', description: 'keep nothing: the lake and all state live in memory' },
    { flags: '--json', description: 'the addresses as one line of JSON, once it is ready' },
  ],
  example: 'start --ephemeral',
  async run(options: { ephemeral?: boolean } & JsonOption) {
    const { start } = await import('../actions/start.ts')
    await start(options)
  },
})
