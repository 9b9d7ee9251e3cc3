import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { BlobServiceClient } from '@azure/storage-blob'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collectAppFiles } from '../../infra/package/app-files.ts'
import { toZip } from '../../infra/package/zip.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { ROUTE_TABLE } from '../../src/functions/routes/table.ts'
import { loadRules } from '../../src/load-rules.ts'
import { CLIENT_ID, type Issuer, startIssuer, TENANT } from '../access/issuer.ts'
import { ALIASES, armVersions, until } from '../e2e/process.ts'
import { postEvents, salesEvent } from '../support/local-events.ts'
import { ROOT } from '../tidy/sources.ts'
import { startForwardProxy } from './forward-proxy.ts'

/** The zip, unpacked into an empty folder away from the project, with the settings that Azure gives. */
describe('the package, unpacked and started', () => {
  let folder: string
  let azurite: Azurite
  let azureMl: AzureMlEmulator
  let issuer: Issuer
  let settings: Record<string, string>
  let child: ChildProcess
  let app: { url: string; functions: { name: string; type: string }[] }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lakemark-app-'))
    await unpack(toZip(await collectAppFiles('rules')), folder)
    const { rules } = await loadRules(join(ROOT, 'rules'), undefined)
    ;[azurite, azureMl, issuer] = await Promise.all([
      startAzurite(),
      startAzureMlEmulator({ port: 0, workspaces: [...rules.workspaces.values()] }),
      startIssuer(),
    ])
    settings = {
      AzureWebJobsStorage: azurite.connectionString,
      FUNCTIONS_WORKER_RUNTIME: 'node',
      LAKEMARK_AUTH: 'entra',
      LAKEMARK_AUTH_TENANT: TENANT,
      LAKEMARK_AUTH_AUDIENCE: CLIENT_ID,
      LAKEMARK_AUTH_AUTHORITY: issuer.authority,
      LAKEMARK_AZUREML_URL: azureMl.url,
    }
    ;({ child, app } = await startApp(folder, settings))
  })
  afterAll(async () => {
    await Promise.all([child && ended(child), azureMl?.close(), issuer?.close(), azurite?.close()])
    await rm(folder, { recursive: true, force: true })
  })

  it('registers every route, and the functions that are no routes', () => {
    const names = (isHttp: boolean) =>
      app.functions.filter(({ type }) => (type === 'httpTrigger') === isHttp).map(({ name }) => name)
    expect(names(true).sort()).toEqual(ROUTE_TABLE.map(({ name }) => name).sort())
    expect(names(false)).toEqual(expect.arrayContaining(['onBlobEvent', 'onWork', 'onSweep', 'onDeadLetter']))
  })

  it('takes an event in and registers the file in every workspace', async () => {
    const lake = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('silver')
    await lake.create()
    await lake.uploadBlockBlob('sales/eu/packed.csv', 'id\n1\n', 5)
    expect((await postEvents(app.url, [salesEvent('packed')])).status).toBe(202)
    await until('version 1 in both workspaces', async () => {
      const all = await Promise.all(ALIASES.map(alias => armVersions(azureMl.url, alias, 'sales-eu-packed')))
      return all.every(([version]) => version?.name === '1')
    })
  })

  it('asks callers for a token of the tenant, and answers with one', async () => {
    const ask = (headers: Record<string, string>) =>
      fetch(`${app.url}/api/assets/sales-eu-packed`, { headers })
    expect((await ask({})).status).toBe(401)
    const answer = await ask({ Authorization: `Bearer ${await issuer.token()}` })
    expect([answer.status, await answer.json()]).toMatchObject([200, { latest: 1 }])
  })

  it('goes through a proxy where the settings name one', async () => {
    const proxy = await startForwardProxy()
    const { child: proxied, app: behindIt } = await startApp(folder, { ...settings, HTTP_PROXY: proxy.url })
    try {
      expect((await postEvents(behindIt.url, [salesEvent('through-a-proxy')])).status).toBe(202)
      // The host has queues to ask, tables are the app's alone.
      const { tableUrl } = azurite
      expect(proxy.asked().filter(address => address.startsWith(`${tableUrl}/lakemarkLedger`))).not.toEqual(
        [],
      )
    } finally {
      await ended(proxied)
      await proxy.close()
    }
  })
})

/** It leaves what V8 has compiled in its folder, as late as that. */
async function ended(app: ChildProcess): Promise<void> {
  app.stdin?.end()
  if (app.exitCode === null && app.signalCode === null) await once(app, 'exit')
}

async function unpack(zip: Uint8Array, folder: string): Promise<void> {
  for (const [path, bytes] of Object.entries(unzipSync(zip))) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
}

/** Rejects with what the process has said where it ends before it is ready. */
async function startApp(cwd: string, settings: Record<string, string>) {
  const env = { PATH: process.env.PATH ?? '', TMPDIR: cwd, ...settings }
  const script = join(ROOT, 'test/package/app-process.ts')
  const child = spawn(process.execPath, [script], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    complaints += text
  })
  const ready = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('exit', code => reject(new Error(`the app ended with ${code}: ${complaints}`)))
  })
  return { child, app: JSON.parse(await ready) }
}
