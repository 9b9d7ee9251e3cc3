import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createQueueService } from '../../src/azure/storage-clients.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import { type Host, readHostJson, startHost } from '../../src/host/host.ts'
import { ROOT } from '../tidy/sources.ts'

/** The entry that Azure loads, in the embedded host: what it registers, and how it stands without its settings. */
describe('the entry of the function app', () => {
  let azurite: Azurite
  let host: Host
  const { main } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { main: string }

  beforeAll(async () => {
    azurite = await startAzurite()
    const { connectionString } = azurite
    host = await startHost({
      port: 0,
      hostJson: await readHostJson(join(ROOT, 'host.json')),
      load: () => import(pathToFileURL(join(ROOT, main)).href),
      queueService: () => createQueueService({ kind: 'connection string', connectionString }),
      setting: () => undefined,
      log: () => undefined,
    })
  })
  afterAll(async () => {
    await host?.close({ graceMs: 1000 })
    await azurite?.close()
  })

  it('registers the functions by the names that subscriptions and operators use', () => {
    const names = host.functions().map(({ name, type }) => `${name} ${type}`)
    expect(names.sort()).toEqual([
      'asset httpTrigger',
      'assets httpTrigger',
      'audit httpTrigger',
      'cancelRun httpTrigger',
      'explain httpTrigger',
      'failures httpTrigger',
      'files httpTrigger',
      'health httpTrigger',
      'live httpTrigger',
      'metrics httpTrigger',
      'onBlobEvent eventGridTrigger',
      'onBlobEventQueued queueTrigger',
      'onBlobEventQueuedPoison queueTrigger',
      'onDeadLetter timerTrigger',
      'onResync timerTrigger',
      'onRulesRefresh timerTrigger',
      'onSecretEvent eventGridTrigger',
      'onSweep timerTrigger',
      'onWork queueTrigger',
      'onWorkPoison queueTrigger',
      'openapi httpTrigger',
      'refreshRules httpTrigger',
      'register httpTrigger',
      'registration httpTrigger',
      'resync httpTrigger',
      'retryAsset httpTrigger',
      'retryFailures httpTrigger',
      'rules httpTrigger',
      'run httpTrigger',
      'runFindings httpTrigger',
      'runs httpTrigger',
      'version httpTrigger',
    ])
  })

  it('does not acknowledge an event while a setting is missing', async () => {
    const response = await fetch(`${host.url}/runtime/webhooks/EventGrid?functionName=onBlobEvent`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'aeg-event-type': 'Notification' },
      body: '[{}]',
    })
    expect(response.status).toBe(500)
  })
})
