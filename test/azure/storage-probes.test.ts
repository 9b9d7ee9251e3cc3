import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBlobService, createQueueService } from '../../src/azure/storage-clients.ts'
import { createStorageProbes, readQueueLength } from '../../src/azure/storage-probes.ts'
import { createTableClient } from '../../src/azure/table-client.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'

describe('what health asks of the storage account', () => {
  let azurite: Azurite
  beforeAll(async () => {
    azurite = await startAzurite()
  })
  afterAll(() => azurite?.close())

  function open() {
    const connection = { kind: 'connection string', connectionString: azurite.connectionString } as const
    const ledger = createTableClient(connection, 'probedLedger')
    const agenda = createTableClient(connection, 'probedAgenda')
    const queue = createQueueService(connection).getQueueClient('probed')
    const container = createBlobService(connection).getContainerClient('probed')
    return {
      ledger,
      agenda,
      queue,
      container,
      probes: createStorageProbes({ ledger, agenda, queue, container }),
    }
  }

  it('is answered where everything is there, and by name where something is not', async () => {
    const { ledger, agenda, queue, container, probes } = open()
    await expect(probes.ledger()).rejects.toThrow(/could not ask the table probedLedger: .*does not exist/)
    await expect(probes.agenda()).rejects.toThrow(/could not ask the table probedAgenda: .*does not exist/)
    await expect(probes.workQueue()).rejects.toThrow(/could not ask the queue probed: QueueNotFound/)
    await expect(probes.blobs()).rejects.toThrow(/could not ask the container probed: /)
    await Promise.all([ledger.createTable(), agenda.createTable(), queue.create(), container.create()])
    for (const ask of Object.values(probes)) await expect(ask()).resolves.toBeUndefined()
  })

  it('tells how many messages the queue holds, those for later among them', async () => {
    const { queue } = open()
    await queue.createIfNotExists()
    expect(await readQueueLength(queue)).toBe(0)
    await queue.sendMessage('now')
    await queue.sendMessage('later', { visibilityTimeout: 1000 })
    expect(await readQueueLength(queue)).toBe(2)
  })
})
