import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ManagedIdentity {
  /** What was asked for, and with which identity. */
  requests: { resource: string; clientId: string | undefined; header: string | undefined }[]
  /** Instead of a token. */
  answer(status: number | undefined): void
  tokenFor(resource: string): string
  close(): Promise<void>
}

const HEADER = 'secret-of-the-sandbox'

/**
 * The endpoint that App Service gives its apps tokens by, and the variables that lead to it. The SDK reads these once a
 * process: one such double a test file.
 */
export async function startManagedIdentity(): Promise<ManagedIdentity> {
  const requests: ManagedIdentity['requests'] = []
  let status: number | undefined
  const tokenFor = (resource: string) => `managed-identity-token-for-${resource}`
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost')
    const resource = searchParams.get('resource') ?? ''
    const header = request.headers['x-identity-header']?.toString()
    requests.push({ resource, clientId: searchParams.get('client_id') ?? undefined, header })
    const isKnown = header === HEADER && searchParams.get('api-version') === '2019-08-01'
    const expires_on = String(Math.floor(Date.now() / 1000) + 3600)
    const token = { access_token: tokenFor(resource), expires_on, resource, token_type: 'Bearer' }
    const answer = status ?? (isKnown ? 200 : 401)
    response.writeHead(answer, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer === 200 ? token : { statusCode: answer, message: 'no identity' }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  process.env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${port}/msi/token`
  process.env['IDENTITY_HEADER'] = HEADER
  return {
    requests,
    answer: next => {
      status = next
    },
    tokenFor,
    async close() {
      delete process.env['IDENTITY_ENDPOINT']
      delete process.env['IDENTITY_HEADER']
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
