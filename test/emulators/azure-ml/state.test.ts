import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { startAzureMlEmulator } from '../../../src/emulators/azure-ml/server.ts'
import { blobDatastore, FORECAST, RETAIL, senderFor, startEmulator, version } from './bench.ts'
import { temporaryFile } from './temporary-file.ts'

const linesOf = async (file: string) => (await readFile(file, 'utf8')).split('\n').filter(line => line !== '')

describe('the state file', () => {
  it('brings everything back after a restart', async () => {
    const stateFile = await temporaryFile('deep/state.jsonl')
    const first = await startEmulator({ stateFile })
    const send = senderFor(first)
    await send('PUT', '/data/sales/versions/2', version('b.csv', { tags: { a: '1' } }))
    await send('PUT', '/data/sales/versions/1', version('a.csv'))
    await send('PUT', '/data/sales/versions/2', version('b.csv', { tags: { a: '2' }, isArchived: true }))
    await send('PUT', '/data/empty', { properties: { dataType: 'mltable', description: 'nothing yet' } })
    await send('PUT', '/datastores/silver', blobDatastore())
    await senderFor(first, FORECAST)('PUT', '/data/plan/versions/1', version('p.csv'))
    const paths = ['/data/sales', '/data/sales/versions/1', '/data/sales/versions/2', '/data', '/datastores']
    const before = await Promise.all(paths.map(async path => (await send('GET', path)).body))
    await first.close()

    // Twice, because the second start reads what the first one has compacted.
    await (await startEmulator({ stateFile })).close()
    const again = await startEmulator({ stateFile })
    const after = await Promise.all(paths.map(async path => (await senderFor(again)('GET', path)).body))
    const plan = await senderFor(again, FORECAST)('GET', '/data/plan')
    const conflict = await senderFor(again)('PUT', '/data/sales/versions/1', version('other.csv'))

    expect(after).toEqual(before)
    expect(after[0]?.properties).toMatchObject({ latestVersion: '1', nextVersion: '3' })
    expect(plan.body.properties.latestVersion).toBe('1')
    expect(conflict.status).toBe(400)
  })

  it('holds one line a resource after a start, however often it was put', async () => {
    const stateFile = await temporaryFile('state.jsonl')
    const first = await startEmulator({ stateFile })
    for (let round = 0; round < 5; round += 1) {
      await senderFor(first)('PUT', '/data/sales/versions/1', version('a.csv'))
    }
    await first.close()
    const grown = await linesOf(stateFile)

    await startEmulator({ stateFile })

    expect(grown).toHaveLength(5)
    // The version, and the container that came with it.
    expect(await linesOf(stateFile)).toHaveLength(2)
  })

  it('has what was acknowledged, and nothing of what was refused', async () => {
    const stateFile = await temporaryFile('state.jsonl')
    const send = senderFor(await startEmulator({ stateFile }))

    await send('PUT', '/data/sales/versions/1', version('a.csv'))
    await send('PUT', '/data/sales/versions/1', version('b.csv'))
    await send('PUT', '/data/sales/versions/2', version('c', { dataType: 'uri_folder' }))

    const lines = await linesOf(stateFile)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('paths/a.csv')
  })

  it('ends a start with its name when a line is not of the emulator', async () => {
    const stateFile = await temporaryFile('state.jsonl')
    await writeFile(stateFile, '')
    await appendFile(stateFile, '{"kind":"recipe","workspace":"kitchen"}\n')

    const start = startAzureMlEmulator({ port: 0, workspaces: [RETAIL], stateFile })

    await expect(start).rejects.toThrow(`${stateFile}:1  not a record of the emulated Azure ML`)
  })

  it('is not needed: without one everything is forgotten', async () => {
    const first = await startEmulator()
    await senderFor(first)('PUT', '/data/sales/versions/1', version('a.csv'))
    await first.close()

    const reply = await senderFor(await startEmulator())('GET', '/data/sales')

    expect(reply.status).toBe(404)
  })
})
