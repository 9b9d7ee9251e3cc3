import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BlobServiceClient } from '@azure/storage-blob'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBlobLake } from '../../src/azure/blob-lake.ts'
import { ContinuationError } from '../../src/core/errors.ts'

const PLACE = { account: 'contosolake', container: 'silver', prefix: '' }
const PAGE = { limit: 5000 }

describe('a blob service that refuses a listing', () => {
  let server: Server
  let answer: { status: number; code: string }
  let lake: ReturnType<typeof createBlobLake>

  beforeEach(async () => {
    server = createServer((_, res) => {
      const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${answer.code}</Code><Message>no</Message></Error>`
      res.writeHead(answer.status, { 'content-type': 'application/xml', 'x-ms-error-code': answer.code })
      res.end(body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const options = { retryOptions: { maxTries: 1 } }
    lake = createBlobLake(
      () => new BlobServiceClient(`http://127.0.0.1:${port}/contosolake`, undefined, options),
    )
  })
  afterEach(() => new Promise(resolve => server.close(resolve)))

  it.each(['OutOfRangeInput', 'InvalidQueryParameterValue'])(
    'is told to take the continuation no more (%s), and asked from the beginning it is a defect',
    async code => {
      answer = { status: 400, code }
      await expect(lake.listFlat(PLACE, { ...PAGE, continuation: 'old' })).rejects.toBeInstanceOf(
        ContinuationError,
      )
      const first = lake.listFlat(PLACE, PAGE)
      await expect(first).rejects.toThrow('could not list contosolake/silver')
      await expect(first).rejects.not.toBeInstanceOf(ContinuationError)
    },
  )

  it('has no files in a container that is being deleted', async () => {
    answer = { status: 409, code: 'ContainerBeingDeleted' }
    expect((await lake.listFlat(PLACE, PAGE)).items).toEqual([])
    expect((await lake.listFolders(PLACE, PAGE)).items).toEqual([])
  })

  it('is not taken to have none for any other conflict', async () => {
    answer = { status: 409, code: 'AccountBeingCreated' }
    await expect(lake.listFlat(PLACE, PAGE)).rejects.toThrow('could not list')
  })
})
