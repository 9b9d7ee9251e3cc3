import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBlobLake } from '../../src/azure/blob-lake.ts'
import { MINUTE } from '../../src/core/time.ts'
import { type ListingServer, sendXml, startListingServer } from '../azure/listing-server.ts'
import { PLAIN, writeListing } from '../azure/listing-text.ts'
import { createMemoryWorld, FILES_RULE } from '../support/memory-world.ts'

const BLOBS = ['a', 'b', 'c'].map(name => ({
  name: `files/${name}.csv`,
  etag: `0x8D${name}`,
  size: 10,
  modified: 0,
  copyStatus: undefined,
  metadata: {},
}))
const CODE = 'AuthorizationPermissionMismatch'
const REFUSED = expect.stringContaining(`could not list contosolake/silver: ${CODE}`)

describe('a lake that refuses to be listed', () => {
  let server: ListingServer
  beforeAll(async () => {
    server = await startListingServer()
  })
  afterAll(() => server.close())

  /** As a storage account answers whose reader's role is not granted, or not any more. */
  const refuse = () =>
    server.answerWith((_, res) => {
      const headers = { 'x-ms-error-code': CODE, 'content-type': 'application/xml' }
      res.writeHead(403, headers).end(`<?xml version="1.0"?><Error><Code>${CODE}</Code></Error>`)
    })
  const grant = () =>
    server.answerWith(({ searchParams }, res) => {
      const prefix = searchParams.get('prefix') ?? ''
      const blobs = BLOBS.filter(({ name }) => name.startsWith(prefix))
      sendXml(res, writeListing({ folders: [], blobs }, { nextMarker: '', spelling: PLAIN }))
    })

  function open() {
    const world = createMemoryWorld(FILES_RULE, () => ({ lake: createBlobLake(() => server.service) }))
    const { resync } = world.lakemark
    return {
      ...world,
      resync,
      async start(): Promise<string> {
        world.pass(1)
        const answer = await resync.start({ filter: {}, by: 'ana' })
        if (answer.kind === 'refused') throw new Error(answer.reason)
        return answer.run.id
      },
    }
  }

  it('holds a run up, which says why, and goes on to its end once it may', async () => {
    const world = open()
    refuse()
    const id = await world.start()
    // Longer than a defect of ours would be given.
    await world.drain({ forMs: MINUTE / 2 })
    expect(server.asked.length).toBeGreaterThan(0)
    expect(await world.resync.get(id)).toMatchObject({
      state: 'running',
      trouble: [REFUSED],
      counters: { listed: 0 },
    })
    grant()
    await world.drain()
    expect(await world.resync.get(id)).toMatchObject({
      state: 'done',
      trouble: [],
      counters: { listed: 3, new: 3, registered: 6 },
    })
  })

  it('makes a run fail where that does not pass, and is never taken for an empty one', async () => {
    const world = open()
    grant()
    await world.start()
    await world.drain()
    refuse()
    const failed = await world.start()
    await world.drain()
    expect(await world.resync.get(failed)).toMatchObject({ state: 'failed', reason: REFUSED })

    world.pass(MINUTE)
    grant()
    const next = await world.start()
    await world.drain()
    expect(await world.resync.get(next)).toMatchObject({ state: 'done', counters: { listed: 3, new: 0 } })
    for (const asset of ['a', 'b', 'c']) {
      expect(Object.keys(await world.registered('ml-retail', asset))).toEqual(['1'])
    }
  })
})
