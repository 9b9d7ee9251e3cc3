import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ensureApiApplication,
  findApiApplication,
  grantRole,
  ROLE_IDS,
} from '../../infra/entra/api-application.ts'
import { createGraph } from '../../infra/entra/graph.ts'
import { ROLES } from '../../src/core/access/caller.ts'

const APPLICATION = { id: 'object-1', appId: '11111111-1111-1111-1111-111111111111' }
const PRINCIPAL = '33333333-3333-3333-3333-333333333333'

/** As much of Microsoft Graph as a registration takes: upserts, and what was just made is not there at first. */
function startGraph() {
  const applications = new Map<string, Record<string, unknown>>()
  const grants: { principalId: string; appRoleId: string }[] = []
  const calls: { method: string; path: string; prefer: unknown; authorization: unknown }[] = []
  let missesLeft = 2
  let isReplicated = false

  async function answer(request: IncomingMessage): Promise<[number, unknown?]> {
    const { method = '', url = '', headers } = request
    calls.push({ method, path: url, prefer: headers.prefer, authorization: headers.authorization })
    const body = await bodyOf(request)
    const name = /^\/v1\.0\/applications\(uniqueName='([^']+)'\)/.exec(url)?.[1]
    if (name !== undefined && method === 'PATCH') {
      applications.set(name, { ...applications.get(name), ...body })
      return [204]
    }
    if (name !== undefined) {
      missesLeft -= 1
      if (missesLeft >= 0) return [404, { error: { code: 'Request_ResourceNotFound', message: 'not yet' } }]
      return [200, APPLICATION]
    }
    if (url === `/v1.0/applications/${APPLICATION.id}`) {
      const [[first, known = {}] = ['']] = applications
      const api = { ...(known.api as object), ...(body.api as object) }
      applications.set(first, { ...known, ...body, api })
      return [204]
    }
    if (url.startsWith(`/v1.0/servicePrincipals(appId='${APPLICATION.appId}')`)) {
      if (method !== 'PATCH') return [200, { id: 'service-principal-1' }]
      if (isReplicated) return [204]
      isReplicated = true
      const message = `The appId '${APPLICATION.appId}' of the service principal does not reference a valid application object.`
      return [400, { error: { code: 'Request_BadRequest', message } }]
    }
    if (url.startsWith('/v1.0/servicePrincipals/service-principal-1/appRoleAssignedTo')) {
      const grant = body as { principalId: string; appRoleId: string }
      if (method === 'GET') return [200, { value: grants }]
      if (grants.some(it => it.appRoleId === grant.appRoleId)) return [400, { error: { code: 'Bad' } }]
      grants.push(grant)
      return [201, grant]
    }
    return [500, 'a page of a proxy']
  }

  const server: Server = createServer(async (request, response) => {
    const [status, body] = await answer(request)
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(body === undefined ? undefined : JSON.stringify(body))
  })
  return { server, applications, grants, calls }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

describe('the registration of the API', () => {
  let fake: ReturnType<typeof startGraph>
  let graph: ReturnType<typeof createGraph>

  beforeEach(async () => {
    fake = startGraph()
    await new Promise<void>(resolve => fake.server.listen(0, '127.0.0.1', resolve))
    const { port } = fake.server.address() as AddressInfo
    graph = createGraph(`http://127.0.0.1:${port}`, 'a-token')
  })
  afterEach(() => new Promise(resolve => fake.server.close(resolve)))

  const ensure = () => ensureApiApplication(graph, 'lakemark-dev', { retryMs: 1 })

  it('has the app roles that the code knows, for people and for apps, and no secret', async () => {
    await ensure()
    const made = fake.applications.get('lakemark-dev')
    const roles = made?.appRoles as { id: string; value: string; allowedMemberTypes: string[] }[]
    expect(roles.map(({ value }) => value)).toEqual([...ROLES])
    expect(new Set(roles.map(({ id }) => id)).size).toBe(ROLES.length)
    expect(roles.every(({ allowedMemberTypes }) => allowedMemberTypes.length === 2)).toBe(true)
    expect(made).not.toHaveProperty('passwordCredentials')
    expect(made).not.toHaveProperty('keyCredentials')
  })

  it('gives the audience that the app is told, by client id and by URI', async () => {
    const { audience } = await ensure()
    expect(audience).toBe(`${APPLICATION.appId},api://${APPLICATION.appId}`)
    expect(fake.applications.get('lakemark-dev')).toMatchObject({
      identifierUris: [`api://${APPLICATION.appId}`],
      api: { requestedAccessTokenVersion: 2, preAuthorizedApplications: [{}] },
    })
  })

  it('makes nothing a second time, and waits for what Entra does not know yet', async () => {
    const first = await ensure()
    expect(await ensure()).toEqual(first)
    expect(fake.applications.size).toBe(1)
    const patches = fake.calls.filter(({ method }) => method === 'PATCH')
    expect(patches.every(({ prefer }) => prefer === 'create-if-missing')).toBe(true)
    expect(fake.calls.every(({ authorization }) => authorization === 'Bearer a-token')).toBe(true)
  })

  it('grants a role once', async () => {
    const application = await findApiApplication(graph, APPLICATION.appId)
    expect(await grantRole(graph, application, PRINCIPAL, 'Lakemark.Operate')).toBe('granted')
    expect(await grantRole(graph, application, PRINCIPAL, 'Lakemark.Operate')).toBe('kept')
    expect(fake.grants).toEqual([
      {
        principalId: PRINCIPAL,
        resourceId: 'service-principal-1',
        appRoleId: ROLE_IDS['Lakemark.Operate'],
      },
    ])
  })

  it('says what Microsoft Graph has against it', async () => {
    const stranger = findApiApplication(graph, '22222222-2222-2222-2222-222222222222')
    await expect(stranger).rejects.toThrow('Microsoft Graph answered 500')
  })
})
