import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { MINUTE } from '../../src/core/time.ts'
import { parseHostJson, readHostJson } from '../../src/host/host.ts'

const parse = (content: object) => parseHostJson(JSON.stringify(content), 'host.json')
const withQueues = (queues: object) => parse({ version: '2.0', extensions: { queues } }).queues

describe('host.json', () => {
  it("has the Functions host's defaults where it says nothing", () => {
    expect(parse({ version: '2.0' })).toEqual({
      version: '2.0',
      functionTimeoutMs: 1_800_000,
      http: { routePrefix: 'api' },
      queues: {
        batchSize: 16,
        newBatchThreshold: 8,
        maxDequeueCount: 5,
        visibilityTimeoutMs: 0,
        maxPollingIntervalMs: 60_000,
        messageEncoding: 'base64',
      },
    })
  })

  it('reads spans of time as milliseconds', () => {
    expect(
      withQueues({ visibilityTimeout: '1.02:03:04.5', maxPollingInterval: '00:00:00.1000000' }),
    ).toMatchObject({
      visibilityTimeoutMs: (((24 + 2) * 60 + 3) * 60 + 4.5) * 1000,
      maxPollingIntervalMs: 100,
    })
  })

  it('fetches the next batch at half a batch unless told', () => {
    expect(withQueues({ batchSize: 5 }).newBatchThreshold).toBe(2)
    expect(withQueues({ batchSize: 5, newBatchThreshold: 0 }).newBatchThreshold).toBe(0)
  })

  it('knows no limit for functions at -1', () => {
    expect(parse({ version: '2.0', functionTimeout: '-1' }).functionTimeoutMs).toBeUndefined()
  })

  it('takes the slashes off the route prefix', () => {
    const { http } = parse({ version: '2.0', extensions: { http: { routePrefix: '/data/v1/' } } })
    expect(http.routePrefix).toBe('data/v1')
  })

  it('leaves settings alone that are not its own', () => {
    const own = parse({
      version: '2.0',
      logging: { a: 1 },
      extensions: { eventHubs: {} },
      extensionBundle: {},
    })
    expect(own).toEqual(parse({ version: '2.0' }))
  })

  it.each([
    [{}, 'host.json  version: is missing; "2.0"'],
    [{ version: '1.0' }, 'host.json  version: is "1.0"; "2.0"'],
    [{ version: '2.0', functionTimeout: '5m' }, 'functionTimeout: is "5m"; a span of time'],
    [queues({ batchSize: 33 }), 'host.json  extensions.queues.batchSize: is 33; a whole number from 1 to 32'],
    [queues({ batchSize: 1.5 }), 'extensions.queues.batchSize: is 1.5; a whole number from 1 to 32'],
    [queues({ newBatchThreshold: -1 }), 'extensions.queues.newBatchThreshold: is -1; a whole number from 0'],
    [queues({ maxDequeueCount: 0 }), 'extensions.queues.maxDequeueCount: is 0; a whole number from 1'],
    [
      queues({ visibilityTimeout: '8.00:00:00' }),
      'is "8.00:00:00"; a span of time [d.]hh:mm:ss, 00:00:00 to 7',
    ],
    [
      queues({ maxPollingInterval: '00:02:00' }),
      'extensions.queues.maxPollingInterval: is "00:02:00"; a span',
    ],
    [queues({ messageEncoding: 'utf8' }), 'extensions.queues.messageEncoding: is "utf8"; "base64" or "none"'],
    [queues({ batchsize: 3 }), 'extensions.queues: has no setting batchsize; there are batchSize, '],
    [
      { version: '2.0', extensions: { http: { routePrefix: 1 } } },
      'extensions.http.routePrefix: is 1; a text',
    ],
  ])('refuses %j', (content, message) => {
    expect(() => parse(content)).toThrow(message)
  })

  it('reports all that is wrong at once', () => {
    const both = { version: '1.0', extensions: { queues: { batchSize: 0 } } }
    expect(() => parse(both)).toThrow(/version: .*\nhost\.json {2}extensions\.queues\.batchSize: /)
  })

  it('refuses a text that is not JSON, by the name of its file', () => {
    expect(() => parseHostJson('{', 'some/host.json')).toThrow('some/host.json  is not JSON')
  })

  it("reads this project's own, and all of it that Azure would read", async () => {
    const text = await readFile('host.json', 'utf8')
    const { extensions, extensionBundle, functionTimeout, ...others } = JSON.parse(text)
    expect(Object.keys(others).sort()).toEqual(['logging', 'version'])
    // What is set for another extension would be obeyed in Azure and not here.
    expect(Object.keys(extensions).sort()).toEqual(['http', 'queues'])
    expect(Object.keys(extensions.http)).toEqual(['routePrefix'])
    const parsed = await readHostJson('host.json')
    expect(parsed.http).toEqual(extensions.http)
    expect(Object.keys(parsed.queues).map(name => name.replace(/Ms$/, ''))).toEqual(
      Object.keys(extensions.queues),
    )
    expect([functionTimeout, parsed.functionTimeoutMs]).toEqual(['00:05:00', 5 * MINUTE])
    expect(extensionBundle).toEqual({
      id: 'Microsoft.Azure.Functions.ExtensionBundle',
      version: '[4.0.0, 5.0.0)',
    })
  })

  it('sends its messages as the work queue writes them, and gives them the patience of their handler', async () => {
    const { queues, functionTimeoutMs } = await readHostJson('host.json')
    // Our own messages are plain JSON; the default, base64, would make poison of each.
    expect(queues.messageEncoding).toBe('none')
    expect(queues.maxDequeueCount).toBeGreaterThan(1)
    expect(functionTimeoutMs).toBeGreaterThan(queues.visibilityTimeoutMs)
  })
})

function queues(queues: object) {
  return { version: '2.0', extensions: { queues } }
}
