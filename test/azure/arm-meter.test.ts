import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createArmMeter } from '../../src/azure/arm-meter.ts'
import { createAzureMl } from '../../src/azure/azure-ml.ts'
import { createArmClients } from '../../src/azure/azure-ml-client.ts'
import { createEmulatorCredential } from '../../src/azure/credential.ts'
import { createEmulatorSecrets } from '../../src/azure/secrets.ts'
import { budgetOf } from '../../src/core/arm-budget.ts'
import { WORKSPACES } from '../contract/azure-ml-suite.ts'
import { type AnswerServer, startAnswerServer } from './answer-server.ts'

const NOW = Date.UTC(2026, 0, 15)
const clock = { now: () => NOW }

describe('what ARM says of the budget that is left', () => {
  let server: AnswerServer
  beforeAll(async () => {
    server = await startAnswerServer()
  })
  afterAll(() => server.close())

  it.each([200, 404, 409, 429, 503])('is read from an answer with status %d', async status => {
    const [workspace] = WORKSPACES
    if (workspace === undefined) throw new Error('the suite has workspaces')
    server.answer(() => ({
      status,
      headers: {
        'x-ms-ratelimit-remaining-subscription-reads': '17',
        'x-ms-ratelimit-remaining-subscription-global-reads': '250',
      },
      body: JSON.stringify(status === 200 ? { value: [] } : { error: { code: 'Any', message: 'any' } }),
    }))
    const meter = createArmMeter(clock)
    const azureMl = createAzureMl({
      clientOf: createArmClients({ credential: createEmulatorCredential(), url: server.url, meter }),
      clock,
      secrets: createEmulatorSecrets(),
    })
    await azureMl.highestVersion(workspace, 'sales').catch(() => undefined)
    expect(meter.read(budgetOf(workspace), 'reads')).toEqual({ remaining: 17, at: NOW, inFlight: 0 })
  })
})
