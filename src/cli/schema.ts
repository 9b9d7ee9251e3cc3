import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { exampleFileJsonSchema, type JsonSchema, ruleFileJsonSchema } from '../core/rules/json-schema.ts'
import { namedRulesFolder } from './rules-place.ts'

/** Writes the JSON Schemas of rule files and of examples into the folder of the rules, for editors to complete from. */
export async function schema(folder: string | undefined): Promise<void> {
  const place = await namedRulesFolder(folder)
  const examples = join(place, 'tests')
  await mkdir(examples, { recursive: true })
  await write(join(place, 'schema.json'), ruleFileJsonSchema())
  await write(join(examples, 'schema.json'), exampleFileJsonSchema())
}

async function write(file: string, content: JsonSchema): Promise<void> {
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`)
  console.log(`wrote ${relative('.', file)}`)
}
