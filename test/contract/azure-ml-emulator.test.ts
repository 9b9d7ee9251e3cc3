import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createArmMeter } from '../../src/azure/arm-meter.ts'
import { createAzureMl } from '../../src/azure/azure-ml.ts'
import { createArmClients } from '../../src/azure/azure-ml-client.ts'
import { createEmulatorCredential } from '../../src/azure/credential.ts'
import { createEmulatorSecrets } from '../../src/azure/secrets.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { describeAzureMl, WORKSPACES } from './azure-ml-suite.ts'

const clock = { now: () => Date.now() }

for (const immutableStatus of [400, 409] as const) {
  let emulator: AzureMlEmulator
  beforeAll(async () => {
    emulator = await startAzureMlEmulator({ port: 0, workspaces: WORKSPACES, immutableStatus })
  })
  afterAll(() => emulator.close())

  describeAzureMl(`Azure ML through ARM, where a taken number is refused with ${immutableStatus}`, async () =>
    createAzureMl({
      clientOf: createArmClients({
        credential: createEmulatorCredential(),
        url: emulator.url,
        meter: createArmMeter(clock),
      }),
      clock,
      secrets: createEmulatorSecrets(),
    }),
  )
}

describe('a 429 from Azure', () => {
  const answer = async (headers: Record<string, string>) => {
    const emulator = await startAzureMlEmulator({
      port: 0,
      workspaces: WORKSPACES,
      intercept: () => ({
        status: 429,
        headers,
        body: { error: { code: 'TooManyRequests', message: 'slow' } },
      }),
    })
    const [workspace] = WORKSPACES
    if (workspace === undefined) throw new Error('the suite has workspaces')
    try {
      const credential = createEmulatorCredential()
      const meter = createArmMeter(clock)
      const azureMl = createAzureMl({
        clientOf: createArmClients({ credential, url: emulator.url, meter }),
        clock,
      })
      return await azureMl.highestVersion(workspace, 'sales').catch((error: unknown) => error)
    } finally {
      await emulator.close()
    }
  }

  it('is the subscription’s where ARM gave it, and the workspace’s own trouble where Azure ML did', async () => {
    expect(await answer({ 'retry-after': '7' })).toMatchObject({ throttled: true, retryAfterMs: 7000 })
    expect(await answer({ 'retry-after': '7', 'x-ms-failure-cause': 'service' })).toMatchObject({
      throttled: false,
      retryAfterMs: 7000,
    })
  })
})
