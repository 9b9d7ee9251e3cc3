import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createBlobService } from '../../src/azure/storage-clients.ts'
import { createTableClient } from '../../src/azure/table-client.ts'
import { readConfig } from '../../src/config.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Azurite, DEV_KEY, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { AUDIT_TABLE } from '../../src/functions/open-audit.ts'
import { ROUTES } from '../../src/functions/routes/routes.ts'
import type { Host } from '../../src/host/host.ts'
import { startService } from '../../src/local/service.ts'
import { FAILURES_TABLE, LEDGER_TABLE } from '../../src/storage-names.ts'
import { CLIENT_ID, type Issuer, newKey, startIssuer, TENANT } from '../access/issuer.ts'
import { createHome, until, writeRules } from '../e2e/process.ts'
import { postEvents, salesEvent } from '../support/local-events.ts'

const WEBHOOK_SECRET = 'canary-webhook-5d1c9e'
const RULES_TOKEN = 'canary-rules-token-77ab20'
const SAS_SIGNATURE = 'canary-sas-51ee0f'
const FUNCTION_KEY = 'canary-function-key-3fd871'
const PASSWORD = 'canary-password-90be12'
const RULES = `
rules:
  - { name: sales, from: devstoreaccount1/silver, match: "sales/{region}/*.csv", asset: "sales-{region}-{stem}", to: [retail] }
`

/** The real service with everything that is secret planted, asked in every way that may bring it out again. */
describe('no secret comes out again', () => {
  let azurite: Azurite
  let azureMl: AzureMlEmulator
  let issuer: Issuer
  let home: Awaited<ReturnType<typeof createHome>>
  let host: Host
  const said: string[] = []
  const tokens: string[] = []

  beforeAll(async () => {
    for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, name).mockImplementation((...words) => void said.push(words.map(String).join(' ')))
    }
    issuer = await startIssuer()
    azurite = await startAzurite()
    azureMl = await startAzureMlEmulator({ port: 0, workspaces: [] })
    home = await createHome()
    host = await startService(
      readConfig({
        AzureWebJobsStorage: azurite.connectionString,
        LAKEMARK_AZUREML_URL: azureMl.url,
        LAKEMARK_RULES: await writeRules(home.home, RULES),
        LAKEMARK_RULES_TOKEN: RULES_TOKEN,
        LAKEMARK_RULES_WEBHOOK_SECRET: WEBHOOK_SECRET,
        LAKEMARK_AUTH: 'entra',
        LAKEMARK_AUTH_TENANT: TENANT,
        LAKEMARK_AUTH_AUDIENCE: CLIENT_ID,
        LAKEMARK_AUTH_AUTHORITY: issuer.authority,
        LAKEMARK_PORT: '0',
        LAKEMARK_LOG: 'info',
      }),
      rules => azureMl.setWorkspaces([...rules.workspaces.values()]),
    )
  })
  afterAll(async () => {
    vi.restoreAllMocks()
    await host?.close({ graceMs: 5000 })
    await azureMl?.close()
    await azurite?.close()
    await issuer?.close()
    await home?.remove()
  })

  /** Keeps the whole answer. */
  async function ask(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${host.url}/api/${path}`, { method, ...init })
    const text = await response.clone().text()
    said.push(`${response.status} ${JSON.stringify([...response.headers])} ${text}`)
    return response
  }

  async function tokenOf(claims: Record<string, unknown> = {}, options = {}): Promise<string> {
    const token = await issuer.sign({ roles: ['Lakemark.Admin'], ...claims }, options)
    tokens.push(token)
    return token
  }

  const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })

  it('in an answer, a line of the log, or a row of the audit trail', async () => {
    const admin = await tokenOf()
    const wrong = [
      await tokenOf({ aud: 'another' }),
      await tokenOf({ exp: 1 }),
      await tokenOf({ roles: [] }),
      await tokenOf({}, { key: await newKey() }),
    ]
    const connection = azurite.connectionString
    const sas = `https://devstoreaccount1.blob.core.windows.net/silver/sales/eu/a.csv?sv=1&sig=${SAS_SIGNATURE}`
    await postEvents(host.url, [salesEvent('canary')])
    await until('the version', async () => (await ask('GET', 'assets/sales-eu-canary', bearer(admin))).ok)

    for (const token of [admin, ...wrong]) {
      for (const { method, path } of ROUTES) {
        await ask(method, path.replace('{name}', 'sales-eu-canary'), bearer(token))
      }
      // Where it does not belong.
      await ask('GET', `assets?code=${token}`, bearer(admin))
      await ask('GET', `assets?access_token=${token}`, bearer(admin))
      await ask('GET', `assets?continuation=${token}`, bearer(admin))
      await ask('POST', `assets/${token}/retry`, bearer(admin))
      await ask('GET', 'assets', { headers: { Authorization: token, 'x-ms-client-request-id': token } })
    }
    const urls = [
      sas,
      `https://app.example/api/resync?code=${FUNCTION_KEY}`,
      `https://user:${PASSWORD}@git.example/rules`,
    ]
    for (const secret of [connection, ...urls, `Bearer ${admin}`, admin]) {
      const text = encodeURIComponent(secret)
      await ask('GET', `explain?url=${text}`, bearer(admin))
      await ask('GET', `assets?limit=${text}`, bearer(admin))
      await ask('GET', `audit?from=${text}`, bearer(admin))
      await ask('POST', `assets/${text}/retry`, bearer(admin))
      await ask('POST', 'rules/refresh', { ...bearer(admin), body: secret })
      const json = { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' }
      await ask('GET', `failures?rule=${text}`, bearer(admin))
      for (const route of ['resync', 'failures/retry']) {
        for (const body of [{ rule: secret }, { id: secret }, { [secret]: secret }, { asset: secret }]) {
          await ask('POST', route, { headers: json, body: JSON.stringify(body) })
        }
      }
    }
    // Azure ML repeats in its refusal what it was sent: that becomes the reason of a failure, and a line of the log.
    const message = `cannot read ${urls.join(' or ')}: ${admin}`
    azureMl.setIntercept(({ operation }) =>
      operation === 'PUT dataVersion' ? { status: 400, body: { error: { code: 'X', message } } } : undefined,
    )
    await postEvents(host.url, [salesEvent('refused')])
    await until('the failure', async () => {
      const { failures } = (await (await ask('GET', 'failures', bearer(admin))).json()) as {
        failures: { reason: string }[]
      }
      return failures.some(({ reason }) => reason.includes('cannot read'))
    })
    const push = '{"ref":"refs/heads/main"}'
    const signature = `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(push).digest('hex')}`
    await ask('POST', 'rules/refresh', { headers: { 'X-Hub-Signature-256': signature }, body: push })
    await ask('POST', 'rules/refresh', { headers: { Authorization: `Basic ${btoa(`x:${WEBHOOK_SECRET}`)}` } })
    await ask('POST', 'rules/refresh', { headers: { Authorization: `Bearer ${WEBHOOK_SECRET}` } })

    const table = createTableClient({ kind: 'connection string', connectionString: connection }, AUDIT_TABLE)
    let rows = 0
    for await (const row of table.listEntities()) {
      rows += 1
      said.push(JSON.stringify(row))
    }
    await ask('GET', 'audit?limit=1000', bearer(admin))
    expect(rows).toBeGreaterThan(10)
    expect(said.some(line => line.includes('a call was refused'))).toBe(true)

    const secrets = [
      ...tokens.map(token => String(token.split('.')[2])),
      ...tokens.map(token => String(token.split('.')[1])),
      ...[
        WEBHOOK_SECRET,
        RULES_TOKEN,
        SAS_SIGNATURE,
        FUNCTION_KEY,
        PASSWORD,
        DEV_KEY,
        encodeURIComponent(DEV_KEY),
        signature.slice(7),
      ],
      btoa(`x:${WEBHOOK_SECRET}`),
    ]
    const leaks = said.filter(line => secrets.some(secret => line.includes(secret)))
    expect(leaks.map(line => line.slice(0, 500))).toEqual([])
  })

  it('nor lies anywhere else in the storage of the app', async () => {
    const connection = { kind: 'connection string', connectionString: azurite.connectionString } as const
    const container = createBlobService(connection).getContainerClient('lakemark')
    for await (const { name } of container.listBlobsFlat()) {
      const text = (await container.getBlobClient(name).downloadToBuffer()).toString('utf8')
      for (const secret of [WEBHOOK_SECRET, RULES_TOKEN, DEV_KEY]) expect(text).not.toContain(secret)
    }
    for (const name of [LEDGER_TABLE, FAILURES_TABLE]) {
      let rows = 0
      for await (const row of createTableClient(connection, name).listEntities()) {
        rows += 1
        const text = JSON.stringify(row)
        for (const secret of [SAS_SIGNATURE, FUNCTION_KEY, PASSWORD, ...tokens])
          expect(text).not.toContain(secret)
      }
      expect(rows).toBeGreaterThan(0)
    }
  })
})
