import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { odata, TableClient } from '@azure/data-tables'
import { BlobServiceClient } from '@azure/storage-blob'
import { QueueClient } from '@azure/storage-queue'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Azurite, startAzurite } from '../../../src/emulators/lake/azurite.ts'
import { eventually } from './eventually.ts'

const PARENT = fileURLToPath(new URL('./azurite-parent.ts', import.meta.url))

describe('startAzurite', () => {
  let location: string
  let running: Azurite[]

  beforeEach(async () => {
    location = await mkdtemp(join(tmpdir(), 'lakemark-azurite-'))
    running = []
  })
  afterEach(async () => {
    await Promise.all(running.map(azurite => azurite.close()))
    await rm(location, { recursive: true, force: true })
  })

  async function start(options: Parameters<typeof startAzurite>[0]): Promise<Azurite> {
    const azurite = await startAzurite(options)
    running.push(azurite)
    return azurite
  }

  it('serves blobs, queues and tables on free ports, and keeps nothing without a location', async () => {
    const azurite = await start({})

    await fill(azurite.connectionString)

    expect(await contentOf(azurite.connectionString)).toEqual({
      blob: 'in a blob',
      row: 'in a table',
      message: 'in a queue',
    })
    expect(azurite.blobUrl).toBe(`http://127.0.0.1:${azurite.ports.blob}/devstoreaccount1`)
    await azurite.close()
    const next = await start({})
    const containers = BlobServiceClient.fromConnectionString(next.connectionString).listContainers()
    expect((await containers.next()).done).toBe(true)
  })

  it('keeps blobs, rows and messages over an orderly end', async () => {
    const first = await start({ location })
    await fill(first.connectionString)

    await first.close()

    expect(await first.exited).toEqual({ code: 0, signal: null })
    const second = await start({ location })
    expect(await contentOf(second.connectionString)).toEqual({
      blob: 'in a blob',
      row: 'in a table',
      message: 'in a queue',
    })
  })

  it('says who ended it when it is killed from outside, and closing it then is fine', async () => {
    const azurite = await start({})

    process.kill(azurite.pid, 'SIGKILL')

    expect(await azurite.exited).toEqual({ code: null, signal: 'SIGKILL' })
    await azurite.close()
  })

  it('rejects with what Azurite said when a port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }

    await expect(start({ queuePort: port })).rejects.toThrow(
      new RegExp(`ended before it was up \\(exit code 1\\).*EADDRINUSE.*${port}`),
    )

    other.close()
  })

  it('rejects when the location cannot be a folder', async () => {
    await expect(start({ location: PARENT })).rejects.toThrow(/ended before it was up/)
  })

  it('ends and saves everything when its parent is killed', async () => {
    const { parent, child } = await startParent(location)
    await fill(child.connectionString)

    parent.kill('SIGKILL')

    await eventually('Azurite ends', () => !isAlive(child.pid))
    const next = await start({ location })
    expect(await contentOf(next.connectionString)).toEqual({
      blob: 'in a blob',
      row: 'in a table',
      message: 'in a queue',
    })
  })

  it('stays up when Ctrl-C reaches the whole process group of its parent', async () => {
    const { parent, child, lines } = await startParent(location)

    process.kill(-(parent.pid as number), 'SIGINT')

    await eventually('the parent hears of it', () => lines.includes('parent: SIGINT'))
    await fill(child.connectionString)
    expect((await contentOf(child.connectionString)).blob).toBe('in a blob')
    parent.kill('SIGKILL')
    await eventually('Azurite ends', () => !isAlive(child.pid))
  })
})

interface StartedParent {
  parent: ChildProcess
  child: { connectionString: string; pid: number }
  lines: string[]
}

/** In a process group of its own, as a shell would start it. */
async function startParent(location: string): Promise<StartedParent> {
  const parent = spawn(process.execPath, [PARENT, location], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const lines: string[] = []
  createInterface({ input: parent.stdout }).on('line', line => lines.push(line))
  const first = await eventually('the parent is up', () => lines[0])
  return { parent, child: JSON.parse(first), lines }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

const http = { allowInsecureConnection: true }

async function fill(connectionString: string): Promise<void> {
  const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient('kept')
  await container.create()
  await container.getBlockBlobClient('a/b.txt').upload('in a blob', 9)
  const table = TableClient.fromConnectionString(connectionString, 'kept', http)
  await table.createTable()
  await table.createEntity({ partitionKey: 'p', rowKey: 'r', text: 'in a table' })
  const queue = new QueueClient(connectionString, 'kept')
  await queue.create()
  await queue.sendMessage('in a queue')
}

async function contentOf(connectionString: string) {
  const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient('kept')
  const blob = await container.getBlobClient('a/b.txt').downloadToBuffer()
  const table = TableClient.fromConnectionString(connectionString, 'kept', http)
  const rows = table.listEntities<{ text: string }>({ queryOptions: { filter: odata`PartitionKey eq 'p'` } })
  const messages = await new QueueClient(connectionString, 'kept').peekMessages()
  return {
    blob: blob.toString(),
    row: (await rows.next()).value?.text,
    message: messages.peekedMessageItems[0]?.messageText,
  }
}
