/** Requests to register, over the adapters in memory. */
import type { RegisterAnswer } from '../../src/app/register/register.ts'
import type { RegistrationView } from '../../src/app/register/view.ts'
import type { RegisterRequest } from '../../src/core/register/request.ts'
import type { createMemoryWorld } from '../support/memory-world.ts'

export type MemoryWorld = ReturnType<typeof createMemoryWorld>

/** Rules that watch two containers, and make nothing of what the tests register. */
export const WATCHING_RULES = `
rules:
  - { name: silver, from: contosolake/silver, match: "watched/{name}.csv", asset: "watched-{name}", to: [retail] }
  - { name: bronze, from: contosolake/bronze, match: "watched/{name}.csv", asset: "bronze-{name}", to: [retail] }
`

const RETAIL = {
  workspace_name: 'ml-retail',
  subscription_id: '00000000-0000-0000-0000-000000000001',
  resource_group: 'rg-retail',
}
const FORECAST = {
  workspace_name: 'forecast-prod',
  subscription_id: '00000000-0000-0000-0000-000000000002',
  resource_group: 'rg-forecast',
}
const SILVER = { adlsgen2_datastore_name: 'silver', account_name: 'contosolake', filesystem: 'silver' }
const BRONZE = { adlsgen2_datastore_name: 'bronze', account_name: 'contosolake', filesystem: 'bronze' }
export const DEFINITIONS = { RETAIL, FORECAST, SILVER, BRONZE }

/** Datasets by name, from silver, for both workspaces where nothing else is said. */
export function requestOf(
  datasets: Record<string, string>,
  { workspaces = [RETAIL, FORECAST], datastores = [SILVER] } = {},
): RegisterRequest {
  return {
    workspace_definition: workspaces,
    datastore_definition: datastores,
    dataset_definition: Object.entries(datasets).map(([dataset_name, dataset_path]) => ({
      dataset_name,
      dataset_path,
    })),
  }
}

export interface Options {
  dryRun?: boolean
  idempotencyKey?: string
}

export function ask(
  world: MemoryWorld,
  request: RegisterRequest,
  { dryRun = false, idempotencyKey }: Options = {},
): Promise<RegisterAnswer> {
  return world.lakemark.register.start({ request, dryRun, by: 'ana', idempotencyKey })
}

/** Asks, and throws where that is refused. */
export async function begin(
  world: MemoryWorld,
  request: RegisterRequest,
  options?: Options,
): Promise<RegistrationView> {
  const answer = await ask(world, request, options)
  if ('registration' in answer) return answer.registration
  throw new Error(JSON.stringify(answer))
}

/** What has become of it once everything has been worked on. */
export async function register(
  world: MemoryWorld,
  request: RegisterRequest,
  options?: Options,
): Promise<RegistrationView> {
  world.pass(1)
  const { id } = await begin(world, request, options)
  await world.drain()
  return shown(world, id)
}

export async function shown(world: MemoryWorld, id: string): Promise<RegistrationView> {
  const found = await world.lakemark.register.get(id)
  if (found === undefined) throw new Error('the registration is gone')
  return found
}

/** A blob of the container bronze; `upload` of the world is for silver. */
export function uploadBronze(world: MemoryWorld, path: string, etag: string): void {
  const blob = { etag, sizeBytes: 10, isDirectory: false, isBeingCopied: false }
  world.lake.put({ account: 'contosolake', container: 'bronze', path }, blob)
}
