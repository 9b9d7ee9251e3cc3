/**
 * The JSON Schemas of the files that people write, for the completion and hover of editors. Draft 7 is what
 * yaml-language-server reads best.
 */
import * as z from 'zod'
import { exampleFileSchema } from '../examples/schema.ts'
import { MAX_RULES } from './limits.ts'
import { datastoreShape, groupShape, LABEL, ruleShape, workspaceShape } from './schema.ts'

/** A draft 7 schema, as plain values. */
export type JsonSchema = Record<string, unknown>

/** Sections may be left empty. */
const ruleFileSchema = z.strictObject({
  workspaces: z
    .record(alias(), z.strictObject(workspaceShape))
    .nullish()
    .meta({ doc: 'Where data assets are registered, by alias.' }),
  groups: z.record(alias(), groupShape).nullish().meta({ doc: 'Groups of workspaces, for rules to name.' }),
  datastores: z
    .record(z.string(), z.strictObject(datastoreShape))
    .nullish()
    .meta({ doc: 'How containers appear in the workspaces, by `account/container`.' }),
  rules: z
    .array(z.strictObject(ruleShape))
    .max(MAX_RULES)
    .nullish()
    .meta({ doc: 'Which files make which data assets, in which workspaces.' }),
})

/** Of the rule files, `rules/*.yaml`. */
export function ruleFileJsonSchema(): JsonSchema {
  return toJsonSchema(ruleFileSchema, 'Lakemark rules')
}

/** Of the examples beside them, `rules/tests/*.yaml`. */
export function exampleFileJsonSchema(): JsonSchema {
  return toJsonSchema(exampleFileSchema, "Examples for Lakemark's rules")
}

function alias() {
  return z.string().meta({ pattern: LABEL.source })
}

function toJsonSchema(schema: z.ZodType, title: string): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    // Only what the doc, type and pattern beside it say can be told of a value of our own, like a duration.
    unrepresentable: 'any',
    override: ({ jsonSchema }) => adapt(jsonSchema),
  })
  return { $schema, title, ...rest }
}

/** Puts in what zod cannot know or leaves out of what is transformed. */
function adapt(schema: JsonSchema): void {
  const { doc, samples, isOneOrMany } = schema
  for (const key of ['doc', 'samples', 'isOneOrMany']) delete schema[key]
  if (doc !== undefined) schema.description = doc
  if (samples !== undefined) schema.examples = samples
  if (isOneOrMany === true) allowOneAlone(schema)
  joinNull(schema)
}

function allowOneAlone(schema: JsonSchema): void {
  const { type, items, minItems, maxItems } = schema
  for (const key of ['type', 'items', 'minItems', 'maxItems']) delete schema[key]
  schema.anyOf = [items, { type, items, minItems, maxItems }]
}

/** Editors complete and explain one shape better than a choice of a shape and nothing. */
function joinNull(schema: JsonSchema): void {
  const [shape, nothing, ...others] = (schema.anyOf ?? []) as JsonSchema[]
  if (shape?.type === undefined || nothing?.type !== 'null' || others.length > 0) return
  delete schema.anyOf
  Object.assign(schema, { ...shape, ...schema, type: [shape.type, 'null'] })
}
