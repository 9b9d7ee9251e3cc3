import { afterAll, beforeAll } from 'vitest'
import { createArmMeter } from '../../src/azure/arm-meter.ts'
import { createAzureMl } from '../../src/azure/azure-ml.ts'
import { createArmClients } from '../../src/azure/azure-ml-client.ts'
import { createEmulatorCredential } from '../../src/azure/credential.ts'
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
    }),
  )
}
