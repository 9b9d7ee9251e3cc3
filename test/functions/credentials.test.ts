import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createBlobService, createQueueService } from '../../src/azure/storage-clients.ts'
import { createTableClient } from '../../src/azure/table-client.ts'
import { readConfig } from '../../src/config.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Azurite, DEV_KEY, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { openAudit } from '../../src/functions/open-audit.ts'
import { registerFunctions } from '../../src/functions/register.ts'
import { type Host, readHostJson, startHost } from '../../src/host/host.ts'
import { openLakemark } from '../../src/open-lakemark.ts'
import * as names from '../../src/storage-names.ts'
import { createDoubles, createEntra } from '../azure/azure-doubles.ts'
import { type KeyVault, startKeyVault } from '../azure/key-vault.ts'
import { type ManagedIdentity, startManagedIdentity } from '../azure/managed-identity.ts'
import { createHome, until } from '../e2e/process.ts'
import { postEvents, salesEvent } from '../support/local-events.ts'
import { ROOT } from '../tidy/sources.ts'

const TENANT = '10000000-0000-4000-8000-00000000000a'
const CLIENT = '20000000-0000-4000-8000-00000000000b'
const VAULT = 'team.vault.azure.net'
const CLIENT_SECRET = 'canary-client-secret-4c1b~Q'
/** Not a signature, which the log would leave out by itself. */
const KEYS = ['canary-key-1-77ab==', 'canary-key-2-90fe=='] as const
const SUBSCRIPTIONS = ['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002']
const RULES = `
workspaces:
  ours: { subscription: ${SUBSCRIPTIONS[0]}, resourceGroup: rg, name: ml-ours }
  partner:
    subscription: ${SUBSCRIPTIONS[1]}
    resourceGroup: rg
    name: ml-partner
    credential:
      servicePrincipal: { tenant: ${TENANT}, client: ${CLIENT}, secret: "keyvault:https://${VAULT}/secrets/partner" }
datastores:
  devstoreaccount1/silver: { credential: { accountKey: "keyvault:https://${VAULT}/secrets/silver" } }
rules:
  - { name: sales, from: devstoreaccount1/silver, match: "sales/{region}/*.csv", asset: "sales-{region}-{stem}", to: [ours, partner] }
`

/** The whole app as it is in Azure, with Microsoft's own clients; what they would send to Azure's hosts ends here. */
describe('an app whose workspaces and datastores need credentials', () => {
  let azurite: Azurite
  let azureMl: AzureMlEmulator
  let identity: ManagedIdentity
  let vault: KeyVault
  let home: Awaited<ReturnType<typeof createHome>>
  let host: Host
  let doubles: ReturnType<typeof createDoubles>
  let armIsBroken = false
  const said: string[] = []

  beforeAll(async () => {
    for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, name).mockImplementation((...words) => void said.push(words.map(String).join(' ')))
    }
    azurite = await startAzurite()
    identity = await startManagedIdentity()
    vault = await startKeyVault('https://vault.azure.net', identity.tokenFor('https://vault.azure.net'))
    vault.put(`${VAULT}/partner`, CLIENT_SECRET)
    vault.put(`${VAULT}/silver`, KEYS[0])
    azureMl = await startAzureMlEmulator({ port: 0, workspaces: [] })
    const entra = createEntra('https://login.microsoftonline.com')
    entra.clients.set(CLIENT, { tenant: TENANT, secret: CLIENT_SECRET })
    doubles = createDoubles({
      'management.azure.com': azureMl.url,
      [VAULT]: vault.address,
      [entra.host]: entra.answer,
    })
    home = await createHome()
    host = await start()
  })
  afterAll(async () => {
    await host?.close({ graceMs: 5000 })
    await Promise.all([vault?.close(), identity?.close(), azureMl?.close()])
    await azurite?.close()
    await home?.remove()
  })

  async function start(): Promise<Host> {
    const rules = join(home.home, 'rules')
    await mkdir(rules)
    await writeFile(join(rules, 'rules.yaml'), RULES)
    const config = readConfig({
      AzureWebJobsStorage: azurite.connectionString,
      LAKEMARK_RULES: rules,
      LAKEMARK_SWEEP_SCHEDULE: '* * * * * *',
      LAKEMARK_LOG: 'info',
    })
    const lakemark = openLakemark(config, {
      httpClient: {
        async sendRequest(request) {
          // Worse than the real one: it repeats what it was sent.
          if (armIsBroken && request.method === 'PUT') {
            const { credentials } = JSON.parse(String(request.body)).properties
            const message = `cannot use ${JSON.stringify(credentials)}`
            const broken = createDoubles({
              'management.azure.com': () => ({ status: 500, body: { error: { code: 'Broken', message } } }),
            })
            return broken.httpClient.sendRequest(request)
          }
          return doubles.httpClient.sendRequest(request)
        },
      },
      onRules: rules => azureMl.setWorkspaces([...rules.workspaces.values()]),
    })
    await lakemark()
    const { connectionString } = azurite
    return startHost({
      port: 0,
      hostJson: await readHostJson(join(ROOT, 'host.json')),
      load: async () => registerFunctions({ ...config, lakemark, audit: openAudit(config.storage) }),
      queueService: () => createQueueService({ kind: 'connection string', connectionString }),
      setting: () => undefined,
      log: (level, message, fields) => void said.push(JSON.stringify({ level, message, ...fields })),
    })
  }

  async function read(path: string): Promise<string> {
    const text = await (await fetch(`${host.url}/api/${path}`)).text()
    said.push(text)
    return text
  }

  /** What Azure ML was sent, by workspace and what it is of: by whom, and with which secret. */
  const puts = (what: RegExp) =>
    doubles.sent.flatMap(({ method, url, authorization, body }) => {
      if (method !== 'PUT' || !what.test(url)) return []
      const [, workspace = ''] = /workspaces\/([^/]+)/.exec(url) ?? []
      const { properties } = JSON.parse(body) as {
        properties: { credentials?: { secrets?: { key?: string } } }
      }
      return [{ workspace, by: authorization ?? '', secret: properties.credentials?.secrets?.key }]
    })

  it('speaks to each workspace as it should, and gives the datastores what is in the vault', async () => {
    await postEvents(host.url, [salesEvent('a')])
    await until('both versions', async () => {
      const found = await read('assets/sales-eu-a')
      return found.split('"registered"').length > 2
    })
    const who = { 'ml-ours': `Bearer ${identity.tokenFor('https://management.azure.com')}` }
    for (const { workspace, by } of puts(/\/(data|datastores)\//)) {
      if (workspace === 'ml-ours') expect(by).toBe(who['ml-ours'])
      else expect(by).toContain(`Bearer token-${CLIENT}-`)
    }
    const given = puts(/\/datastores\//)
    expect(new Set(given.map(it => `${it.workspace} ${it.secret}`))).toEqual(
      new Set([`ml-ours ${KEYS[0]}`, `ml-partner ${KEYS[0]}`]),
    )
  })

  it('gives them the new version of a secret when Event Grid tells of it', async () => {
    const version = vault.put(`${VAULT}/silver`, KEYS[1])
    const event = {
      id: 'e-1',
      topic: '/subscriptions/0/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/team',
      subject: 'silver',
      eventType: 'Microsoft.KeyVault.SecretNewVersionCreated',
      eventTime: new Date().toISOString(),
      data: { Id: `https://${VAULT}/secrets/silver/${version}`, VaultName: 'team', ObjectType: 'Secret' },
      dataVersion: '1',
      metadataVersion: '1',
    }
    const response = await postEvents(host.url, [event], 'onSecretEvent')
    expect(response.status).toBe(202)
    await until('both datastores to have it', async () => {
      const given = puts(/\/datastores\//).filter(({ secret }) => secret === KEYS[1])
      return new Set(given.map(({ workspace }) => workspace)).size === 2
    })
    await until('health to count them', async () => (await read('health')).includes('"datastores:written":'))
  })

  it('says what is in the way', async () => {
    vault.remove(`${VAULT}/silver`)
    const event = {
      eventType: 'Microsoft.KeyVault.SecretNewVersionCreated',
      data: { Id: `https://${VAULT}/secrets/silver` },
    }
    await postEvents(host.url, [event], 'onSecretEvent')
    await until('the reason', async () =>
      (await read('health')).includes(
        `secret silver of ${VAULT} does not exist (404 SecretNotFound); create it`,
      ),
    )

    armIsBroken = true
    vault.put(`${VAULT}/silver`, KEYS[0])
    await postEvents(host.url, [event], 'onSecretEvent')
    await until('the other reason', async () => (await read('health')).includes('answered 500: Broken'))
    armIsBroken = false
  })

  it('lets no secret out: in no line of the log, answer, row, blob or message', async () => {
    for (const path of [
      'rules?include=files',
      'failures',
      'assets',
      'files?container=silver',
      'runs',
      'metrics',
      'audit',
      'openapi.json',
    ]) {
      await read(path)
    }
    await fetch(`${host.url}/api/rules/refresh`, { method: 'POST' })
    await read(`explain?url=devstoreaccount1/silver/sales/eu/a.csv`)
    const connection = { kind: 'connection string', connectionString: azurite.connectionString } as const
    const tables = Object.entries(names).flatMap(([name, value]) => (name.endsWith('_TABLE') ? value : []))
    let rows = 0
    for (const table of [...tables, 'lakemarkAudit']) {
      for await (const row of createTableClient(connection, table).listEntities()) {
        rows += 1
        said.push(JSON.stringify(row))
      }
    }
    expect(rows).toBeGreaterThan(5)
    const blobs = createBlobService(connection)
    for (const container of [names.OWN_CONTAINER, names.DEAD_LETTER_CONTAINER]) {
      const client = blobs.getContainerClient(container)
      for await (const { name } of client.listBlobsFlat()) {
        said.push((await client.getBlobClient(name).downloadToBuffer()).toString('utf8'))
      }
    }
    const arm = await fetch(
      `${azureMl.url}/subscriptions/${SUBSCRIPTIONS[0]}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml-ours/datastores?api-version=2022-10-01`,
      { headers: { authorization: 'Bearer test' } },
    )
    said.push(await arm.text())

    const planted = [
      CLIENT_SECRET,
      ...KEYS,
      'canary-',
      identity.tokenFor('https:'),
      `token-${CLIENT}`,
      DEV_KEY,
      'secret-of-the-sandbox',
    ]
    const leaks = said.filter(line => planted.some(secret => line.includes(secret)))
    expect(leaks.map(line => line.slice(0, 500))).toEqual([])
    expect(said.some(line => line.includes(`keyvault:https://${VAULT}/secrets/silver`))).toBe(true)
    expect(said.some(line => line.includes('"lakemark.secret"'))).toBe(true)
    expect(said.some(line => line.includes('a datastore got its credential'))).toBe(true)
  })
})
