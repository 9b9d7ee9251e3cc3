/** What `POST /api/register` takes, in the words of the ancestor's callers. */
import * as z from 'zod'
import { isAssetName, toAssetName } from '../../core/naming.ts'
import { parseDatasetPath } from '../../core/register/dataset-path.ts'
import type { RegisterRequest } from '../../core/register/request.ts'

const MAX_WORKSPACES = 100
const MAX_DATASTORES = 50
const MAX_DATASETS = 200
const MAX_NAME = 255
/** Longer texts than any that is legal are not even looked at. */
const MAX_TEXT = 2000

/** Text that `problemIn` finds nothing wrong with. What is wrong never repeats a text that may be a secret. */
function checked(expected: string, problemIn: (text: string) => string | undefined) {
  return z.string(`expected ${expected}`).check(context => {
    const text = context.value
    const told =
      text.length > MAX_TEXT ? `expected ${expected}, of at most ${MAX_TEXT} characters` : problemIn(text)
    if (told !== undefined) context.issues.push({ code: 'custom', message: told, input: undefined })
  })
}

function matching(expected: string, regex: RegExp) {
  return checked(expected, text => (regex.test(text) ? undefined : `expected ${expected}`))
}

function list<T extends z.ZodType>(of: T, what: string, most: number) {
  const expected = `expected a list of 1 to ${most} ${what}`
  return z.array(of, expected).min(1, expected).max(most, expected)
}

function pathProblem(path: string): string | undefined {
  const parsed = parseDatasetPath(path)
  return 'problem' in parsed ? parsed.problem : undefined
}

function nameProblem(name: string): string | undefined {
  if (isAssetName(name)) return undefined
  const near = name.length <= MAX_NAME ? toAssetName(name) : undefined
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return `expected 1 to ${MAX_NAME} letters, digits, - and _, the first one a letter or digit${hint}`
}

const workspace = z.strictObject({
  workspace_name: matching('the name of a workspace', /^[a-zA-Z0-9][a-zA-Z0-9_-]{1,32}$/),
  subscription_id: matching(
    'the id of a subscription, such as 00000000-0000-0000-0000-000000000001',
    /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
  ),
  resource_group: matching('the name of a resource group', /^[-\w.()]{0,89}[-\w()]$/),
})

const datastore = z.strictObject({
  adlsgen2_datastore_name: matching(
    'the name of a datastore: up to 255 letters, digits, - and _, the first one a letter or digit',
    /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}$/,
  ),
  account_name: matching('the name of a storage account, not its address', /^[a-z0-9]{3,24}$/),
  filesystem: matching(
    'the name of a filesystem (a container)',
    /^(\$root|\$web|\$logs|(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*)$/,
  ),
})

const dataset = z.strictObject({
  dataset_name: checked('the name of a dataset', nameProblem).describe("The data asset's name."),
  dataset_path: checked('a path in the filesystem', pathProblem).describe(
    'A file, a folder, or a glob such as sales/**/*.parquet; / is the whole filesystem.',
  ),
})

export const registerBody: z.ZodType<RegisterRequest> = z.strictObject({
  workspace_definition: list(workspace, 'workspaces', MAX_WORKSPACES).describe(
    'Each gets every version. They are those that the rules know.',
  ),
  datastore_definition: list(datastore, 'datastores', MAX_DATASTORES).describe(
    'Of containers that rules watch. Each dataset is registered from each: from the last one under its own name.',
  ),
  dataset_definition: list(dataset, 'datasets', MAX_DATASETS),
})

const SECRET = /secret|passw|credential|token|sas|signature|connection|key/i
const IDENTITY = /tenant|client|principal|identity|authority|user|login/i

/** Callers of the ancestor may have given it more than it needed. */
export function whyUnknown(key: string): string | undefined {
  if (SECRET.test(key)) {
    return 'Lakemark acts as its own identity and takes no secret; one that was sent here should be renewed'
  }
  return IDENTITY.test(key)
    ? 'Lakemark acts as its own identity; leave out whose the ancestor used'
    : undefined
}
