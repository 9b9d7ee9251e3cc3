/**
 * The grammar of the rule files, field by field. Each schema turns what stands in the file into what the domain
 * works with; its description completes "expected …".
 */
import { z } from 'zod'
import { toAssetName } from '../naming.ts'
import { compilePattern, type Pattern } from '../patterns/pattern.ts'
import { parseDuration } from './duration.ts'
import { MAX_DESCRIPTION_LENGTH, MAX_LIST_LENGTH, MAX_TAG_VALUE_LENGTH } from './limits.ts'
import { parseTemplate, type Template } from './template.ts'

const PATTERN = 'a glob such as sales/{region}/*.csv'
const WORKSPACE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$/
const LABEL = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/
const LABEL_RULE =
  'is not a legal name; use 1 to 63 letters, digits, _ and -, beginning with a letter or digit'

export const topShape = {
  workspaces: z.unknown(),
  groups: z.unknown(),
  datastores: z.unknown(),
  rules: z.unknown(),
}

export const workspaceShape = {
  subscription: text(
    requireMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'is not a subscription id'),
  ).describe('a subscription id such as 00000000-0000-0000-0000-000000000001'),
  resourceGroup: text(
    requireMatch(
      /^[-\w.()]{0,89}[-\w()]$/,
      'is not a resource group; use 1 to 90 letters, digits, _ - . ( ), no dot at the end',
    ),
  ).describe('the name of a resource group'),
  name: text(workspaceName).optional().describe('the name of a workspace'),
}

export const datastoreShape = {
  name: text(
    requireMatch(/^[a-z0-9_]{1,255}$/, 'is not a datastore name; use lower-case letters, digits and _'),
  )
    .optional()
    .describe('the name of a datastore'),
  kind: z.enum(['azure_blob', 'azure_data_lake_gen2']).default('azure_blob').describe('a kind of datastore'),
}

export const groupShape = oneOrMany(z.string()).describe('a list of workspaces')

export const ruleShape = {
  name: text(label).describe('a name such as daily-sales'),
  from: text(parseContainer).describe('account/container, such as contosolake/silver'),
  match: text(compilePattern).describe(PATTERN),
  ignore: oneOrMany(text(plainGlob))
    .optional()
    .describe('a glob such as "**/_temporary/**", or a list of globs'),
  where: z
    .record(z.string(), oneOrMany(text(captureGlob)))
    .optional()
    .describe('a map from captures to globs, such as { region: [eu, us] }'),
  asset: text(assetTemplate).describe('a name such as sales-{region}'),
  type: z.enum(['uri_file', 'uri_folder']).default('uri_file').describe('uri_file or uri_folder'),
  folder: text(folderTemplate).optional().describe('a folder such as sales/{region}'),
  settle: duration().optional(),
  maxWait: duration().optional(),
  marker: text(markerName).optional().describe('the name of a file, such as _SUCCESS'),
  to: oneOrMany(z.string()).describe('a list of workspaces and groups'),
  description: text(boundedTemplate(MAX_DESCRIPTION_LENGTH)).optional().describe('text'),
  tags: z
    .record(z.string(), text(boundedTemplate(MAX_TAG_VALUE_LENGTH)))
    .optional()
    .describe('a map from names to texts, such as { team: retail }'),
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
function oneOrMany<T extends z.ZodType>(element: T) {
  const isScalar = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value)
  return z.preprocess(
    value => (isScalar(value) ? [value] : value),
    z.array(element).min(1).max(MAX_LIST_LENGTH),
  )
}

function requireMatch(regex: RegExp, refusal: string) {
  return (name: string): { name: string } | Refusal =>
    regex.test(name) ? { name } : { problem: `${name} ${refusal}` }
}

function label(name: string): { name: string } | Refusal {
  const problem = labelProblem(name)
  return problem === undefined ? { name } : { problem }
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
