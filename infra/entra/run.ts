/**
 * `npm run infra:api` sees to the app registration of the API and tells azd of it; `-- --grant OBJECT-ID ROLE` also gives
 * somebody a role. Where LAKEMARK_AUTH_AUDIENCE is set, by whoever may make registrations, it only grants.
 * Who runs it needs to be signed in (azd auth login) and may register applications.
 */
import { execFile } from 'node:child_process'
import { parseArgs, promisify } from 'node:util'
import { isRole, ROLES } from '../../src/core/access/caller.ts'
import {
  type ApiApplication,
  ensureApiApplication,
  findApiApplication,
  type Graph,
  grantRole,
} from './api-application.ts'
import { createGraph, GRAPH_URLS } from './graph.ts'

const run = promisify(execFile)
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { grant: { type: 'string' } },
    allowPositionals: true,
  })
  const [role = ''] = positionals
  if (values.grant !== undefined && !(GUID.test(values.grant) && isRole(role))) {
    throw new Error(`write it as: npm run infra:api -- --grant OBJECT-ID ${ROLES.join('|')}`)
  }
  const audience = await azdValue('LAKEMARK_AUTH_AUDIENCE')
  if (audience !== '' && values.grant === undefined) {
    console.log(`the API's registration is ${audience}, as LAKEMARK_AUTH_AUDIENCE says`)
    return
  }
  const graph = await signIn()
  const application =
    audience === '' ? await make(graph) : await findApiApplication(graph, clientIdIn(audience))
  if (values.grant === undefined || !isRole(role)) return
  console.log(`${role} for ${values.grant}: ${await grantRole(graph, application, values.grant, role)}`)
}

async function make(graph: Graph): Promise<ApiApplication> {
  const environment = await azdValue('AZURE_ENV_NAME')
  if (environment === '') throw new Error('there is no azd environment; make one with azd env new')
  const application = await ensureApiApplication(graph, `lakemark-${environment}`)
  await azd('env', 'set', 'LAKEMARK_AUTH_AUDIENCE', application.audience)
  console.log(`the API's registration lakemark-${environment} has the client id ${application.clientId}`)
  return application
}

function clientIdIn(audience: string): string {
  const id = audience.split(/[,/]/).find(part => GUID.test(part))
  if (id === undefined) throw new Error(`LAKEMARK_AUTH_AUDIENCE: ${audience} has no client id in it`)
  return id
}

/** In a hook azd gives it as an environment variable; by hand it has to be asked. */
async function azdValue(name: string): Promise<string> {
  const given = process.env[name]
  if (given !== undefined) return given
  return (
    (JSON.parse(await azd('env', 'get-values', '--output', 'json')) as Record<string, string>)[name] ?? ''
  )
}

async function signIn(): Promise<Graph> {
  const cloud = process.env.LAKEMARK_CLOUD || 'AzureCloud'
  const url = GRAPH_URLS[cloud]
  if (url === undefined)
    throw new Error(`LAKEMARK_CLOUD: ${cloud}: one of ${Object.keys(GRAPH_URLS).join(', ')}`)
  const answer = await azd('auth', 'token', '--scope', `${url}/.default`, '--output', 'json')
  return createGraph(url, (JSON.parse(answer) as { token: string }).token)
}

/** What it says. */
async function azd(...args: string[]): Promise<string> {
  try {
    return (await run('azd', args)).stdout
  } catch (cause) {
    const { code, stderr = '' } = cause as { code?: unknown; stderr?: string }
    const why = code === 'ENOENT' ? 'it is not on the PATH; install the Azure Developer CLI' : stderr.trim()
    throw new Error(`azd ${args[0]} ${args[1]}: ${why}`, { cause })
  }
}
