import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { loadRules } from '../../src/load-rules.ts'
import { postEvents, salesEvent } from '../support/local-events.ts'
import { ALIASES, armVersions, createHome, type Served, startServe, until } from './process.ts'

const PROCESSES = 3
const ASSETS = 20

describe('several processes of lakemark serve on one ledger', () => {
  let home: string
  let remove: () => Promise<void>
  let azurite: Azurite
  let azureMl: AzureMlEmulator
  let processes: Served[]

  beforeAll(async () => {
    ;({ home, remove } = await createHome())
    azurite = await startAzurite()
    const { rules } = await loadRules('rules', undefined)
    azureMl = await startAzureMlEmulator({ port: 0, workspaces: [...rules.workspaces.values()] })
    const env = { AzureWebJobsStorage: azurite.connectionString, LAKEMARK_AZUREML_URL: azureMl.url }
    processes = await Promise.all(Array.from({ length: PROCESSES }, () => startServe(home, env)))
  })
  afterAll(async () => {
    await Promise.all((processes ?? []).map(served => served.kill()))
    await Promise.all([azureMl?.close(), azurite?.close()])
    await remove()
  })

  const registered = () =>
    until(
      'every asset in both workspaces',
      async () => {
        const all = await Promise.all(
          ALIASES.flatMap(alias =>
            Array.from({ length: ASSETS }, (_, index) =>
              armVersions(azureMl.url, alias, `sales-eu-f${index}`),
            ),
          ),
        )
        return all.every(versions => versions.length > 0)
      },
      140_000,
    )

  it('register each file once, though every one of them gets every event and one is killed meanwhile', async () => {
    const events = Array.from({ length: ASSETS }, (_, index) => salesEvent(`f${index}`))
    const posts = processes.map(({ service }) => postEvents(service, events).catch(() => undefined))
    await processes[0]?.kill()
    await Promise.all(posts)
    await registered()
    for (const alias of ALIASES) {
      for (let index = 0; index < ASSETS; index += 1) {
        const versions = await armVersions(azureMl.url, alias, `sales-eu-f${index}`)
        expect(versions.map(({ name }) => name)).toEqual(['1'])
      }
    }
  }, 150_000)
})
