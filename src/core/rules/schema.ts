/**
 * The grammar of the rule files, field by field. Each schema turns what stands in the file into what the domain
 * works with; its description completes "expected …", its `doc` is what editors show (see json-schema.ts).
 */
import * as z from 'zod'
import { toAssetName } from '../naming.ts'
import { compilePattern, type Pattern } from '../patterns/pattern.ts'
import { datastoreCredential, workspaceCredential } from './credentials.ts'
import { DURATION, parseDuration } from './duration.ts'
import { MAX_DESCRIPTION_LENGTH, MAX_LIST_LENGTH, MAX_TAG_VALUE_LENGTH } from './limits.ts'
import { parseTemplate, type Template } from './template.ts'

const PATTERN = 'a glob such as sales/{region}/*.csv'
const GUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/
const DATASTORE_NAME = /^[a-z0-9_]{1,255}$/
const WORKSPACE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$/
export const LABEL = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/
const LABEL_RULE =
  'is not a legal name; use 1 to 63 letters, digits, _ and -, beginning with a letter or digit'

export const topShape = {
  workspaces: z.unknown(),
  groups: z.unknown(),
  datastores: z.unknown(),
  rules: z.unknown(),
}

export const workspaceShape = {
  subscription: text(requireMatch(GUID, 'is not a subscription id'))
    .describe('a subscription id such as 00000000-0000-0000-0000-000000000001')
    .meta({ doc: 'The id of the Azure subscription.', pattern: GUID.source }),
  resourceGroup: text(
    requireMatch(
      /^[-\w.()]{0,89}[-\w()]$/,
      'is not a resource group; use 1 to 90 letters, digits, _ - . ( ), no dot at the end',
    ),
  )
    .describe('the name of a resource group')
    .meta({ doc: 'The resource group that holds the workspace.' }),
  name: text(workspaceName)
    .optional()
    .describe('the name of a workspace')
    .meta({ doc: "The workspace's own name, where the alias is another.", pattern: WORKSPACE_NAME.source }),
  credential: workspaceCredential.optional(),
}

export const datastoreShape = {
  name: text(requireMatch(DATASTORE_NAME, 'is not a datastore name; use lower-case letters, digits and _'))
    .optional()
    .describe('the name of a datastore')
    .meta({
      doc: 'The name of the datastore in every workspace (default: `<account>_<container>`).',
      pattern: DATASTORE_NAME.source,
    }),
  kind: z
    .enum(['azure_blob', 'azure_data_lake_gen2'])
    .default('azure_blob')
    .describe('a kind of datastore')
    .meta({ doc: 'How the datastore reaches the container.' }),
  credential: datastoreCredential.optional(),
}

export const groupShape = oneOrMany(z.string())
  .describe('a list of workspaces')
  .meta({ doc: 'The workspaces of the group, by alias.' })

export const ruleShape = {
  name: text(label)
    .describe('a name such as daily-sales')
    .meta({ doc: 'How people and versions refer to the rule.', pattern: LABEL.source }),
  from: text(parseContainer)
    .describe('account/container, such as contosolake/silver')
    .meta({ doc: 'The container that is watched: `account/container`.', samples: ['contosolake/silver'] }),
  match: text(compilePattern)
    .describe(PATTERN)
    .meta({
      doc:
        'A glob over the path in the container. `{name}` captures one or more characters within one segment, ' +
        '`{a,b}` is a choice, `**` any number of folders. Put it in quotes where it begins with `*` or `{`.',
      samples: ['sales/{region}/*.csv'],
    }),
  ignore: oneOrMany(text(plainGlob))
    .optional()
    .describe('a glob such as "**/_temporary/**", or a list of globs')
    .meta({ doc: 'A glob, or a list of them: what is left alone all the same, markers too.' }),
  where: z
    .record(z.string(), oneOrMany(text(captureGlob)))
    .optional()
    .describe('a map from captures to globs, such as { region: [eu, us] }')
    .meta({ doc: 'For captures, globs of which they must match one: `{ region: [eu, us] }`.' }),
  asset: text(assetTemplate)
    .describe('a name such as sales-{region}')
    .meta({
      doc:
        "The data asset's name. May use the captures, and `{container}` `{path}` `{folder}` `{file}` `{stem}` " +
        '`{ext}`. Characters that Azure ML refuses become `-`.',
      samples: ['sales-{region}'],
    }),
  type: z
    .enum(['uri_file', 'uri_folder'])
    .default('uri_file')
    .describe('uri_file or uri_folder')
    .meta({ doc: 'Whether a version is one file, or a folder with what has gathered in it.' }),
  folder: text(folderTemplate).optional().describe('a folder such as sales/{region}').meta({
    doc: "What a uri_folder version points to, from the container's root (default: the file's folder).",
  }),
  settle: duration().optional().meta({
    doc: 'The quiet time before a version is cut: `30s`, `5m`, `1h` (default: `0s`, at once).',
    type: 'string',
    pattern: DURATION.source,
  }),
  maxWait: duration().optional().meta({
    doc: 'A version is cut at the latest then (default: one hour, or 12 × settle where that is longer).',
    type: 'string',
    pattern: DURATION.source,
  }),
  marker: text(markerName)
    .optional()
    .describe('the name of a file, such as _SUCCESS')
    .meta({
      doc: 'A version is cut as soon as a file of this name lands in the folder.',
      samples: ['_SUCCESS'],
    }),
  to: oneOrMany(z.string())
    .describe('a list of workspaces and groups')
    .meta({ doc: 'The workspaces, by alias, and groups of them that get each version.' }),
  backfill: z
    .enum(['newest', 'all', 'none'])
    .default('newest')
    .describe('newest, all or none')
    .meta({ doc: 'Which versions of existing assets a workspace gets when the rule first names it.' }),
  description: text(boundedTemplate(MAX_DESCRIPTION_LENGTH))
    .optional()
    .describe('text')
    .meta({ doc: 'The description of each version in Azure ML; may use the same names as `asset`.' }),
  tags: z
    .record(z.string(), text(boundedTemplate(MAX_TAG_VALUE_LENGTH)))
    .optional()
    .describe('a map from names to texts, such as { team: retail }')
    .meta({ doc: 'The tags of each version in Azure ML; the values may use the same names as `asset`.' }),
  operators: oneOrMany(text(principalId).meta({ pattern: GUID.source }))
    .optional()
    .describe('a list of ids in Entra ID such as 00000000-0000-0000-0000-000000000001')
    .meta({
      doc:
        'Who alone may re-sync, retry or register what the rule makes: ids in Entra ID of users, groups, or ' +
        'apps and their service principals (default: whoever has the app role `Lakemark.Operate`).',
    }),
}

/** Undefined when `alias` may name a workspace, a group or a rule; else why not. */
export function labelProblem(alias: string): string | undefined {
  return LABEL.test(alias) ? undefined : `${alias} ${LABEL_RULE}`
}

export function workspaceName(name: string): { name: string } | Refusal {
  if (WORKSPACE_NAME.test(name)) return { name }
  return {
    problem: `${name} is not a workspace name; use 3 to 33 letters, digits, _ and -, beginning with a letter or digit`,
  }
}

/** An account and a container, by Azure Storage's own naming rules. */
export function parseContainer(text: string): { account: string; container: string } | Refusal {
  const [account = '', container, ...rest] = text.split('/')
  if (container === undefined || rest.length > 0) {
    return { problem: `${text} is not account/container, as in contosolake/silver` }
  }
  if (!/^[a-z0-9]{3,24}$/.test(account)) {
    return { problem: `${account} is not a storage account; use 3 to 24 lower-case letters and digits` }
  }
  const isSystem = ['$root', '$web', '$logs'].includes(container)
  if (isSystem || /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(container)) return { account, container }
  return {
    problem: `${container} is not a container; use 3 to 63 lower-case letters, digits and single -, or $root, $web, $logs`,
  }
}

interface Refusal {
  problem: string
}

/** A text that `parse` makes something of, or refuses with the reason. */
function text<T extends object>(parse: (text: string) => T | Refusal) {
  return z.string().transform((text, context): T => {
    const result = parse(text)
    if (!('problem' in result)) return result
    context.addIssue({ code: 'custom', message: result.problem })
    return z.NEVER
  })
}

function duration() {
  return z.unknown().transform((value, context): number => {
    const result = parseDuration(value)
    if ('ms' in result) return result.ms
    context.addIssue({ code: 'custom', message: result.problem })
    return z.NEVER
  })
}

/** A list, or the one element alone. */
export function oneOrMany<T extends z.ZodType>(element: T) {
  const isScalar = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value)
  return z
    .preprocess(value => (isScalar(value) ? [value] : value), z.array(element).min(1).max(MAX_LIST_LENGTH))
    .meta({ isOneOrMany: true })
}

function requireMatch(regex: RegExp, refusal: string) {
  return (name: string): { name: string } | Refusal =>
    regex.test(name) ? { name } : { problem: `${name} ${refusal}` }
}

function label(name: string): { name: string } | Refusal {
  const problem = labelProblem(name)
  return problem === undefined ? { name } : { problem }
}

/** As tokens have it, but for the case of its letters. */
function principalId(text: string): { id: string } | Refusal {
  if (GUID.test(text)) return { id: text.toLowerCase() }
  return {
    problem: `${text} is not an id in Entra ID; write the object id or application id, as in 00000000-0000-0000-0000-000000000001, not a name`,
  }
}

function plainGlob(text: string): Pattern | Refusal {
  const pattern = compilePattern(text)
  if ('problem' in pattern || pattern.captureNames.length === 0) return pattern
  return { problem: `{${pattern.captureNames[0]}} captures nothing here; write * instead` }
}

function captureGlob(text: string): Pattern | Refusal {
  if (text.includes('/')) return { problem: `"${text}" matches no capture, as captures hold no /` }
  return plainGlob(text)
}

function assetTemplate(text: string): Template | Refusal {
  const template = parseTemplate(text)
  if ('problem' in template || template.names.length > 0) return template
  if (toAssetName(template.render({})) !== undefined) return template
  return {
    problem: `no letter or digit of "${text}" may stand in an asset's name; use letters a to z, digits, - and _`,
  }
}

/** Without the slash at its end; '' is the container's root. */
function folderTemplate(text: string): Template | Refusal {
  const folder = text.replace(/\/$/, '')
  const wrong = folder.split('/').find(segment => ['', '.', '..'].includes(segment))
  if (folder !== '' && wrong !== undefined) {
    return {
      problem: `"${text}" has a segment that is empty, . or ..; write the path from the container's root`,
    }
  }
  return parseTemplate(folder)
}

function markerName(name: string): { name: string } | Refusal {
  if (name === '' || name === '.' || name === '..' || /[/*?[\]{}\\]/.test(name)) {
    return {
      problem: `"${name}" is not one file's name; write it without folders and wildcards, as in _SUCCESS`,
    }
  }
  return { name }
}

function boundedTemplate(maxLength: number) {
  return (text: string): Template | Refusal =>
    text.length > maxLength ? { problem: `is longer than ${maxLength} characters` } : parseTemplate(text)
}
