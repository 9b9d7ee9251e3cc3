import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { app, output } from '@azure/functions'
import { describe, expect, it } from 'vitest'
import { startTestHost } from './host-world.ts'

const handler = () => ({})
const queue = { queueName: 'work', connection: 'Storage' }

describe('an app', () => {
  it('that fails to load says why', async () => {
    const load = () => Promise.reject(new Error('no such module'))
    await expect(startTestHost({ register: handler, load })).rejects.toThrow(
      "the functions' entry failed to load: no such module",
    )
  })

  it('that registers nothing is an error', async () => {
    await expect(startTestHost({ register: () => undefined })).rejects.toThrow('registered no function')
  })

  it.each<[string, () => void, string]>([
    [
      'takes a name twice',
      () => {
        app.get('one', handler)
        app.timer('One', { schedule: '0 * * * * *', handler })
      },
      'function One: the name is taken by one',
    ],
    [
      'answers the same requests twice',
      () => {
        app.get('one', { route: 'a/{x}', handler })
        app.http('two', { route: 'A/{y}', handler })
      },
      'functions one and two answer the same requests: api/A/{y}',
    ],
    [
      'wants a trigger that is not served',
      () => app.serviceBusQueue('one', { ...queue, handler }),
      'function one: serviceBusTrigger binding: the triggers of this host are httpTrigger, queueTrigger,',
    ],
    [
      'wants an output that is not served',
      () =>
        app.get('one', {
          handler,
          extraOutputs: [output.storageBlob({ path: 'a/b', connection: 'Storage' })],
        }),
      'function one: blob binding: the outputs of this host are http and queue',
    ],
    [
      'has a route that cannot be read',
      () => app.get('one', { route: 'a/{b', handler }),
      'route "api/a/{b": cannot read "{b"',
    ],
    [
      'has a method that is not served',
      () => app.http('one', { methods: ['TRACE'], handler }),
      'function one: httpTrigger binding: methods is ["TRACE"]; some of GET, ',
    ],
    [
      'names a setting that is not there',
      () => app.storageQueue('one', { ...queue, queueName: '%QUEUE%', handler }),
      'function one: queueTrigger binding: queueName names %QUEUE%; set QUEUE first',
    ],
    [
      'names a queue as no queue can be named',
      () => app.storageQueue('one', { ...queue, queueName: 'Work_1', handler }),
      'function one: queueTrigger binding: queueName is "Work_1"; 3 to 63 of a-z, 0-9',
    ],
    [
      'has a schedule that is none',
      () => app.timer('one', { schedule: 'every day', handler }),
      'function one: the schedule "every day" is no NCRONTAB expression; six fields are right',
    ],
    [
      'has a schedule that only this library would know',
      () => app.timer('one', { schedule: '@daily', handler }),
      'function one: the schedule "@daily" is no NCRONTAB expression',
    ],
    [
      'has a schedule out of range',
      () => app.timer('one', { schedule: '0 61 * * * *', handler }),
      'function one: the schedule "0 61 * * * *" is no NCRONTAB expression',
    ],
  ])('that %s is an error', async (_, register, message) => {
    await expect(startTestHost({ register })).rejects.toThrow(message)
  })

  it('can be started again in one process, though its module is loaded only once', async () => {
    const module = {}
    let loads = 0
    const load = async () => {
      loads += 1
      if (loads === 1) app.get('one', () => ({ body: 'one' }))
      return module
    }
    for (let start = 0; start < 2; start += 1) {
      const host = await startTestHost({ register: handler, load })
      expect(await (await fetch(`${host.url}/api/one`)).text()).toBe('one')
      await host.close({ graceMs: 1000 })
    }
    expect(loads).toBe(2)
  })

  it('cannot register functions later', async () => {
    const host = await startTestHost({ register: () => app.get('one', handler) })
    expect(() => app.get('two', handler)).toThrow('function two: can only be registered while the app loads')
    await host.close({ graceMs: 1000 })
  })

  it('hears that its retry policies are not applied here', async () => {
    const retry = { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: 10 } as const
    const host = await startTestHost({
      register: () => app.timer('one', { schedule: '0 0 0 1 1 *', retry, handler }),
    })
    expect(host.lines).toContainEqual(expect.objectContaining({ level: 'warn', fields: { function: 'one' } }))
    await host.close({ graceMs: 1000 })
  })
})

describe('a port', () => {
  it('that is taken is an error that names the way out', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo

    const start = startTestHost({ port, register: () => app.get('one', handler) })

    await expect(start).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`)
    await expect(start).rejects.toThrow('LAKEMARK_PORT')
    other.close()
  })

  it('may be on another address', async () => {
    const host = await startTestHost({
      address: '::1',
      register: () => app.get('one', () => ({ body: 'six' })),
    })
    expect(host.url).toBe(`http://[::1]:${host.port}`)
    expect(await (await fetch(`${host.url}/api/one`)).text()).toBe('six')
    await host.close({ graceMs: 1000 })
  })
})

describe('a process of its own', () => {
  it('serves an app in plain Node and outlives the errors that an invocation leaves behind', async () => {
    expect(await run('stray-errors.ts')).toEqual({
      code: 0,
      lines: ['rejection 200', 'exception 200', 'left: stray rejection', 'left: stray exception', 'closed'],
    })
  })

  it('ends at an error that comes from elsewhere, as it would without the host', async () => {
    const { code, lines } = await run('stray-errors.ts', 'elsewhere')
    expect(code).not.toBe(0)
    expect(lines).toEqual([])
  })

  function run(file: string, ...args: string[]): Promise<{ code: number | null; lines: string[] }> {
    const script = new URL(`./apps/${file}`, import.meta.url)
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [script.pathname, ...args], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let text = ''
      child.stdout.on('data', chunk => {
        text += chunk
      })
      child.on('error', reject)
      child.on('close', code => resolve({ code, lines: text.split('\n').filter(line => line !== '') }))
    })
  }
})
