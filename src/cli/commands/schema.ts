import { defineCommand, JSON_OPTION, type JsonOption } from '../command.ts'

export const schemaCommand = defineCommand({
  name: 'schema',
  group: 'Rules:',
  summary: 'writes JSON Schemas, which editors complete from',
  description: 'writes the JSON Schemas of rule files and examples, which editors complete from',
  arguments: [
    { name: 'dir', optional: true, description: 'the folder of the rule files (default: LAKEMARK_RULES)' },
  ],
  options: [{ ...JSON_OPTION, description: 'the files written, as one JSON document' }],
  example: 'schema rules',
  async run(folder: string | undefined, options: JsonOption) {
    const { schema } = await import('../actions/schema.ts')
    await schema(folder, options)
  },
})
