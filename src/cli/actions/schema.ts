import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { exampleFileJsonSchema, type JsonSchema, ruleFileJsonSchema } from '../../core/rules/json-schema.ts'
import type { JsonOption } from '../command.ts'
import { namedRulesFolder } from '../rules-place.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { printable } from '../terminal/printable.ts'

/** Writes the JSON Schemas of rule files and of examples into the folder of the rules, for editors to complete from. */
export async function schema(folder: string | undefined, { json = false }: JsonOption): Promise<void> {
  const place = await namedRulesFolder(folder)
  const examples = join(place, 'tests')
  await mkdir(examples, { recursive: true })
  const wrote = [
    await write(join(place, 'schema.json'), ruleFileJsonSchema()),
    await write(join(examples, 'schema.json'), exampleFileJsonSchema()),
  ]
  console.log(json ? toJsonText({ wrote }) : wrote.map(file => printable(`wrote ${file}`)).join('\n'))
}

async function write(file: string, content: JsonSchema): Promise<string> {
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`)
  return relative('.', file)
}
