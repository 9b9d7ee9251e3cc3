import { defineCommand, JSON_OPTION, type JsonOption } from '../command.ts'

export const putCommand = defineCommand({
  name: 'put',
  group: 'On this machine:',
  summary: 'uploads files to the lake on this machine',
  description: 'uploads files to the lake that runs on this machine',
  arguments: [
    {
      name: 'file',
      many: true,
      description: 'files, and last where they go: CONTAINER/PATH; a path that ends in / is a folder',
    },
  ],
  options: [JSON_OPTION],
  example: 'put some.csv silver/sales/eu/some.csv',
  async run(places: string[], options: JsonOption) {
    const { put } = await import('../actions/put.ts')
    await put(places, options)
  },
})
