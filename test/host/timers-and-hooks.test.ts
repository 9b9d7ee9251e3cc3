import { app, type Timer } from '@azure/functions'
import { afterEach, describe, expect, it } from 'vitest'
import { createGate, eventually, startTestHost, type TestHost } from './host-world.ts'

let hosts: TestHost[] = []
afterEach(async () => {
  await Promise.all(hosts.map(host => host.close({ graceMs: 0 })))
  hosts = []
})

async function start(register: () => void, options: { now?: () => number; setting?: () => string } = {}) {
  const host = await startTestHost({ register, ...options })
  hosts.push(host)
  return host
}

const EVERY_SECOND = '* * * * * *'
const NEW_YEAR = '0 0 0 1 1 *'

describe('a timer function', () => {
  it('runs by its schedule, again and again, also after a failure', async () => {
    let runs = 0
    await start(
      () =>
        app.timer('tick', {
          schedule: '%EVERY%',
          handler: () => {
            runs += 1
            throw new Error('this time')
          },
        }),
      { setting: () => EVERY_SECOND },
    )
    await eventually(
      () => runs,
      count => count >= 2,
    )
  })

  it('runs at the start when asked to, and knows when it comes next', async () => {
    const seen: Timer[] = []
    const ran: string[] = []
    await start(
      () => {
        app.timer('atStart', {
          schedule: NEW_YEAR,
          runOnStartup: true,
          handler: timer => void seen.push(timer),
        })
        app.timer('later', { schedule: NEW_YEAR, handler: () => void ran.push('later') })
        app.timer('fiveFields', { schedule: '0 0 1 1 *', handler: () => void ran.push('fiveFields') })
      },
      { now: () => Date.UTC(2024, 5, 1) },
    )
    await eventually(
      () => seen.length,
      length => length === 1,
    )
    expect(seen[0]).toEqual({
      schedule: { adjustForDST: true },
      scheduleStatus: {
        last: '0001-01-01T00:00:00+00:00',
        next: '2025-01-01T00:00:00.000Z',
        lastUpdated: '2024-06-01T00:00:00.000Z',
      },
      isPastDue: false,
    })
    expect(ran).toEqual([])
  })

  it('goes by the day of month and the day of week together, in UTC', async () => {
    const seen: Timer[] = []
    const schedule = '0 30 9 1 * MON'
    await start(
      () => app.timer('both', { schedule, runOnStartup: true, handler: timer => void seen.push(timer) }),
      {
        now: () => Date.UTC(2024, 0, 2),
      },
    )
    await eventually(
      () => seen.length,
      length => length === 1,
    )
    expect(seen[0]?.scheduleStatus.next).toBe('2024-04-01T09:30:00.000Z')
  })

  it('never runs twice at the same time', async () => {
    const release = createGate()
    let runs = 0
    const host = await start(() =>
      app.timer('slow', {
        schedule: EVERY_SECOND,
        runOnStartup: true,
        handler: async () => {
          runs += 1
          await release.opened
        },
      }),
    )
    await eventually(
      () => host.lines.map(line => line.message),
      messages => messages.includes('timer is still running; this turn is left out'),
    )
    expect(runs).toBe(1)

    release.open()
    await eventually(
      () => runs,
      count => count === 2,
    )
  })

  it('is waited for when the host closes', async () => {
    const entered = createGate()
    const release = createGate()
    const steps: string[] = []
    const host = await start(() =>
      app.timer('slow', {
        schedule: NEW_YEAR,
        runOnStartup: true,
        handler: async () => {
          entered.open()
          await release.opened
          steps.push('ended')
        },
      }),
    )
    await entered.opened

    const closed = host.close({ graceMs: 30_000 }).then(() => steps.push('closed'))
    await expect(fetch(host.url)).rejects.toThrow()
    release.open()
    await closed

    expect(steps).toEqual(['ended', 'closed'])
  })
})

describe('hooks', () => {
  it('run at start and end of the app and around every invocation, and share their data', async () => {
    const steps: unknown[] = []
    const host = await start(() => {
      app.hook.appStart(({ hookData }) => {
        hookData.since = 'start'
        steps.push('appStart')
      })
      app.hook.appTerminate(({ hookData }) => void steps.push(['appTerminate', hookData.since]))
      app.hook.preInvocation(context => {
        context.hookData.mark = 'pre'
        steps.push(['pre', context.invocationContext.functionName])
      })
      app.hook.postInvocation(context => void steps.push(['post', context.hookData.mark, context.result]))
      app.get('one', () => {
        steps.push('handler')
        return { status: 201 }
      })
    })
    expect(steps).toEqual(['appStart'])
    await fetch(`${host.url}/api/one`)
    await host.close({ graceMs: 1000 })
    await host.close({ graceMs: 1000 })

    expect(steps).toEqual([
      'appStart',
      ['pre', 'one'],
      'handler',
      ['post', 'pre', { status: 201 }],
      ['appTerminate', 'start'],
    ])
  })

  it('may change handler, inputs, result and error', async () => {
    const host = await start(() => {
      app.hook.preInvocation(context => {
        const inner = context.functionHandler
        context.functionHandler = (...args) => inner(...args)
        if (context.invocationContext.functionName === 'inputs') context.inputs = ['changed']
      })
      app.hook.postInvocation(context => {
        if (context.error) {
          context.error = undefined
          context.result = { body: 'rescued' }
        }
      })
      app.get('inputs', input => ({ body: String(input) }))
      app.get('fails', () => Promise.reject(new Error('lost')))
    })
    expect(await (await fetch(`${host.url}/api/inputs`)).text()).toBe('changed')
    expect(await (await fetch(`${host.url}/api/fails`)).text()).toBe('rescued')
  })

  it('that throw fail the invocation; one at the start fails the start', async () => {
    const host = await start(() => {
      app.hook.preInvocation(() => {
        throw new Error('not today')
      })
      app.get('one', () => ({}))
    })
    expect((await fetch(`${host.url}/api/one`)).status).toBe(500)

    const failing = start(() => {
      app.hook.appStart(() => Promise.reject(new Error('no start')))
      app.get('one', () => ({}))
    })
    await expect(failing).rejects.toThrow('no start')
  })

  it('that are disposed of run no more', async () => {
    let calls = 0
    const host = await start(() => {
      const hook = app.hook.preInvocation(() => {
        calls += 1
      })
      app.get('one', () => {
        hook.dispose()
        return {}
      })
    })
    await fetch(`${host.url}/api/one`)
    await fetch(`${host.url}/api/one`)
    expect(calls).toBe(1)
  })

  it('may rewrite what a function logs', async () => {
    const host = await start(() => {
      app.hook.log(line => {
        line.message = line.message.replace('secret', '***')
        line.level = 'error'
      })
      app.get('one', (_, context) => {
        context.log('the secret word')
        return {}
      })
    })
    await fetch(`${host.url}/api/one`)
    expect(host.lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'the *** word' }))
  })
})
