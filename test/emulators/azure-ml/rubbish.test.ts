import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  API_VERSION,
  blobDatastore,
  type Json,
  pathOf,
  RETAIL,
  senderFor,
  startEmulator,
  version,
} from './bench.ts'

const RUNS = { numRuns: 200 }

/** A body that is right but for one property, somewhere, that is anything. */
const nearly = (bodies: Json[]) =>
  fc.tuple(fc.constantFrom(...bodies), fc.string(), fc.jsonValue()).chain(([body, strange, value]) => {
    const properties = body.properties as Json
    const key = fc.constantFrom(strange, ...Object.keys(properties), 'tags', 'description', 'properties')
    return key.map(name => ({ properties: { ...properties, [name]: value } }))
  })

describe('rubbish', () => {
  it('in a body is taken or refused, never a defect', async () => {
    const send = senderFor(await startEmulator())
    const bodies = nearly([version('a.csv'), blobDatastore(), { properties: { dataType: 'uri_file' } }])
    const path = fc.constantFrom('/data/sales/versions/1', '/data/sales', '/datastores/silver')

    await fc.assert(
      fc.asyncProperty(path, fc.oneof(bodies, fc.jsonValue()), async (where, body) => {
        const reply = await send('PUT', where, JSON.stringify(body))
        expect([200, 201, 400]).toContain(reply.status)
      }),
      RUNS,
    )
  })

  it('in a path is answered, as a rule with an error in the usual shape', async () => {
    const { url } = await startEmulator()
    const segment = fc.oneof(
      fc.string(),
      fc.constantFrom('..', '%2e%2e', '%2F', '%', 'data', 'versions', 'datastores'),
    )

    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 1, maxLength: 6 }), async segments => {
        const rest = segments.map(text => text.replaceAll(/[?#]/g, '')).join('/')
        const target = `${url}${pathOf(RETAIL)}/none/${rest}?${API_VERSION}`
        const reply = await fetch(target, { headers: { authorization: 'Bearer token' } })
        // fetch itself resolves dots, which may lead somewhere.
        expect([200, 400, 404]).toContain(reply.status)
        const error = { code: expect.any(String), message: expect.any(String) }
        expect(await reply.json()).toMatchObject(reply.status === 200 ? {} : { error })
      }),
      RUNS,
    )
  })

  it('in tags comes back as it was sent', async () => {
    const send = senderFor(await startEmulator())
    const tags = fc.dictionary(
      fc.string().filter(key => key !== '__proto__'),
      fc.string({ unit: 'grapheme' }),
    )

    await fc.assert(
      fc.asyncProperty(tags, async given => {
        await send('PUT', '/data/sales/versions/1', version('a.csv', { tags: given }))
        const reply = await send('GET', '/data/sales/versions/1')
        expect(reply.body.properties.tags).toEqual(given)
      }),
      RUNS,
    )
  })
})
