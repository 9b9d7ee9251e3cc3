import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openLakemark } from '../../src/open-lakemark.ts'

const SOURCES = new URL('../../src', import.meta.url).href
const RULES = fileURLToPath(new URL('../../rules', import.meta.url))
const SERVICES = ['tables', 'queues', 'blobs'] as const
/** The tables, queues and containers that one opening creates. */
const CREATED = { tables: 5, queues: 2, blobs: 2 }
const CREATES = 201
/** No SDK tries that again: a refusal costs no wait. */
const REFUSES = 403
const REFUSAL = {
  name: 'TransientError',
  message: expect.stringContaining('open the storage account of AzureWebJobsStorage'),
}
/** Opens Lakemark in a process that has loaded nothing of it, and tells in which order it does. */
const TELLING_LOADS = `
import { registerHooks } from 'node:module'
registerHooks({
  load(url, context, nextLoad) {
    const name = /src\\/(open-tables|assemble-lakemark)\\.ts$/.exec(url)?.[1]
    if (name !== undefined) console.log(name)
    return nextLoad(url, context)
  },
})
const { readConfig } = await import('${SOURCES}/config.ts')
const { openLakemark } = await import('${SOURCES}/open-lakemark.ts')
await openLakemark(readConfig())()
process.exit()
`
const run = promisify(execFile)

type Service = (typeof SERVICES)[number]

/** Over a storage account whose three services answer as they are told, with the sample rules. */
describe('opening Lakemark', () => {
  let storage: Awaited<ReturnType<typeof startStorage>>
  let unhandled: unknown[]
  const note = (reason: unknown) => unhandled.push(reason)

  beforeEach(async () => {
    unhandled = []
    process.on('unhandledRejection', note)
    storage = await startStorage()
  })
  afterEach(async () => {
    process.off('unhandledRejection', note)
    await storage?.close()
  })

  const lakemarkOver = (AzureWebJobsStorage: string) =>
    openLakemark(readConfig({ AzureWebJobsStorage, LAKEMARK_RULES: RULES, LAKEMARK_LOG: 'error' }))
  const allAsked = (services: readonly Service[]) =>
    expect
      .poll(() => services.filter(service => storage.count(service) < CREATED[service]), { timeout: 10_000 })
      .toEqual([])

  it('loads what asks the tables, and only then the rest', async () => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', TELLING_LOADS], {
      env: { PATH: process.env.PATH, LAKEMARK_RULES: RULES, AzureWebJobsStorage: storage.connectionString },
    })
    expect(stdout.split('\n')).toEqual(['open-tables', 'assemble-lakemark', ''])
  })

  it('asks queues and blobs while the tables keep silent', async () => {
    const tables = Promise.withResolvers<number>()
    storage.answers.tables = tables.promise
    const opening = lakemarkOver(storage.connectionString)()
    await allAsked(SERVICES)
    tables.resolve(CREATES)
    expect(await opening).toHaveProperty('intake')
  })

  it('happens once for all who ask', async () => {
    const ask = lakemarkOver(storage.connectionString)
    const [first, second] = await Promise.all([ask(), ask()])
    expect(second).toBe(first)
    expect(await ask()).toBe(first)
    expect(SERVICES.map(storage.count)).toEqual(SERVICES.map(service => CREATED[service]))
  })

  it.each(SERVICES)('fails for now when the %s refuse, and succeeds for the next who asks', async service => {
    storage.answers[service] = REFUSES
    const ask = lakemarkOver(storage.connectionString)
    for (const outcome of await Promise.allSettled([ask(), ask()])) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: REFUSAL })
    }

    storage.answers[service] = CREATES
    expect(await ask()).toHaveProperty('intake')
    expect(unhandled).toEqual([])
  })

  it.each(SERVICES)(
    'waits for no other once the %s refuse, and hears none that refuse later',
    async service => {
      const later = Promise.withResolvers<number>()
      const others = SERVICES.filter(other => other !== service)
      storage.answers[service] = REFUSES
      for (const other of others) storage.answers[other] = later.promise
      const ask = lakemarkOver(storage.connectionString)
      await expect(ask()).rejects.toMatchObject(REFUSAL)

      await allAsked(others)
      later.resolve(REFUSES)
      for (const each of SERVICES) storage.answers[each] = CREATES
      await ask()
      expect(unhandled).toEqual([])
    },
  )

  /** That fails at once, before anything else is loaded: nobody but the opening itself can listen. */
  it('leaves no rejection unhandled where the connection string leads nowhere', async () => {
    await expect(lakemarkOver('AccountName=nowhere')()).rejects.toThrow('onnection')
    expect(unhandled).toEqual([])
  })
})

async function startStorage() {
  const asked: Service[] = []
  /** With which status each answers what is to be created; a promise: not before it is kept. */
  const answers: Record<Service, number | Promise<number>> = {
    tables: CREATES,
    queues: CREATES,
    blobs: CREATES,
  }
  const servers = SERVICES.map(service =>
    createServer(async ({ method, url }, response) => {
      // Of blobs, which stand in a container, none is kept here.
      if (url?.includes('/rules.json')) return void response.writeHead(method === 'GET' ? 404 : CREATES).end()
      asked.push(service)
      response.writeHead(await answers[service]).end()
    }),
  )
  const [tables, queues, blobs] = await Promise.all(servers.map(listen))
  return {
    answers,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=AAAA;TableEndpoint=${tables};QueueEndpoint=${queues};BlobEndpoint=${blobs}`,
    /** Which were asked to create something, in the order in which the requests arrived. */
    asked,
    count: (service: Service) => asked.filter(other => other === service).length,
    async close() {
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
    },
  }
}

function listen(server: Server): Promise<string> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/account`)
    })
  })
}
