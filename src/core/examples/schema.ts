/**
 * The grammar of the examples that people write beside their rules, in `tests/` of the rules' folder:
 *
 * ```yaml
 * tests:
 *   - name: every CSV file is an asset            # optional
 *     file: contosolake/silver/sales/eu/some.csv  # account/container/path
 *     expect:                                     # all the assets that the file makes, and no other
 *       - asset: sales-eu-some
 *         rule: sales-files                       # this and all below is optional: only what is named is compared
 *         type: uri_file
 *         workspaces: [ml-forecast, ml-retail]    # all of them
 *         tags: { region: eu }                    # these, there may be others
 *   - file: contosolake/silver/sales/eu/dt=2026-01-31/_SUCCESS
 *     expect: { asset: sales-eu, role: marker, folder: sales/eu }
 *   - file: contosolake/silver/hr/salaries.csv
 *     expect: no match
 * ```
 */
import * as z from 'zod'
import { MAX_LIST_LENGTH } from '../rules/limits.ts'
import { oneOrMany } from '../rules/schema.ts'

export const NO_MATCH = 'no match'
export const MAX_EXAMPLES = 5000

export const topShape = { tests: z.unknown() }

export const exampleShape = {
  name: z.string().optional().describe('what the example shows').meta({ doc: 'What the example shows.' }),
  file: z
    .string()
    .describe('account/container/path, such as contosolake/silver/sales/eu/some.csv')
    .meta({
      doc: 'The file: `account/container/path`.',
      samples: ['contosolake/silver/sales/eu/some.csv'],
      pattern: '^[a-z0-9]{3,24}/[^/]+/[\\s\\S]',
    }),
  expect: z.unknown(),
}

export const expectationShape = {
  asset: z
    .string()
    .describe('the name of an asset such as sales-eu')
    .meta({ doc: "The data asset's name, as it is in Azure ML.", samples: ['sales-eu'] }),
  rule: z.string().optional().describe('the name of a rule').meta({ doc: 'The rule that makes it.' }),
  type: z
    .enum(['uri_file', 'uri_folder'])
    .optional()
    .describe('uri_file or uri_folder')
    .meta({ doc: 'The type of the asset.' }),
  workspaces: oneOrMany(z.string())
    .optional()
    .describe('a list of workspaces')
    .meta({ doc: 'All the workspaces that get it, by alias (not groups).' }),
  folder: z
    .string()
    .optional()
    .describe('a folder such as sales/eu')
    .meta({ doc: "What a uri_folder version points to, from the container's root." }),
  role: z
    .enum(['data', 'marker'])
    .optional()
    .describe('data or marker')
    .meta({ doc: 'Whether the file is data of the asset, or the marker that closes a version.' }),
  description: z.string().optional().describe('text').meta({ doc: 'The description of the version.' }),
  tags: z
    .record(z.string(), z.string())
    .optional()
    .describe('a map from names to texts, such as { team: retail }')
    .meta({ doc: 'Tags that the version has; it may have others.' }),
}

const expectation = z.strictObject(expectationShape)

/** The whole file, for its JSON Schema. */
export const exampleFileSchema = z.strictObject({
  tests: z
    .array(
      z.strictObject({
        ...exampleShape,
        expect: z
          .union([z.literal(NO_MATCH), expectation, z.array(expectation).min(1).max(MAX_LIST_LENGTH)])
          .meta({ doc: `All the assets that the file makes, or \`${NO_MATCH}\`.` }),
      }),
    )
    .max(MAX_EXAMPLES)
    .nullish()
    .meta({ doc: 'Files, and what the rules are to make of them.' }),
})
