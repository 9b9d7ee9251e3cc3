import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noCounters } from '../../src/core/resync/run.ts'
import { page, type StubAnswer, startStub } from '../cli/stub-service.ts'
import { createHome, runCommand, startCommand, until } from './process.ts'

const ID = '98204565579252-3866d2f641cb'
const run = (more: Record<string, unknown> = {}, counters: Record<string, number> = {}): StubAnswer => ({
  status: 202,
  body: {
    id: ID,
    kind: 'resync',
    state: 'running',
    phase: 'listing',
    filter: {
      container: null,
      prefix: null,
      rule: null,
      asset: null,
      workspace: null,
      since: null,
      dryRun: false,
      verify: false,
    },
    by: 'local',
    createdAt: '2026-01-31T12:00:00.000Z',
    startedAt: '2026-01-31T12:00:00.000Z',
    endedAt: null,
    reason: null,
    counters: { ...noCounters(), ...counters },
    listedPerSecond: 10,
    estimatedEnd: null,
    parts: { total: 4, ended: 1, failed: 0 },
    trouble: [],
    ...more,
  },
})
const ended = (state: string, counters: Record<string, number> = {}, reason: string | null = null) => ({
  ...run({ state, phase: 'done', reason, endedAt: '2026-01-31T12:01:00.000Z' }, counters),
  status: 200,
})

/** Runs that last as long as a test wants: what a service of ours does in seconds at most. */
describe('following a run', () => {
  let home: string
  let remove: () => Promise<void>
  beforeAll(async () => {
    ;({ home, remove } = await createHome())
  })
  afterAll(() => remove())

  it('ends with 0 when it went well, however often the service had to be asked', async () => {
    await using stub = await startStub((_, count) =>
      count < 3 ? run() : ended('done', { listed: 5, new: 1 }),
    )
    const { code, stdout, stderr } = await runCommand(home, ['resync', '--url', stub.url])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(`run ${ID} done: 5 listed, 0 matched, 1 new, 0 registered\n`)
    expect(stub.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /api/resync',
      `GET /api/runs/${ID}`,
      `GET /api/runs/${ID}`,
    ])
  })

  it('tells of names that are near where no file makes the asset that was asked for', async () => {
    await using stub = await startStub(({ method, url }) => {
      if (method === 'POST') return run()
      return url.startsWith('/api/assets')
        ? page(['sales-eu', 'sales-us'], null)
        : ended('done', { listed: 5 })
    })
    const askFor = (asset: string) => runCommand(home, ['resync', '--asset', asset, '--url', stub.url])
    const { code, stdout, stderr } = await askFor('sales-euu')
    expect([code, stdout]).toEqual([0, `run ${ID} done: 5 listed, 0 matched, 0 new, 0 registered\n`])
    expect(stderr).toMatch(/^No asset is called sales-euu; did you mean sales-eu\?/)
    expect((await askFor('sales-eu')).stderr).toBe('')
  })

  it.each([
    [ended('failed', {}, 'the lake is away'), /^the run failed: the lake is away\n$/],
    [ended('cancelled', {}, 'cancelled by local'), /^the run was cancelled: cancelled by local\n$/],
    [ended('done', { failed: 2 }), /^some of it could not be done; lakemark failures shows/],
  ])('ends with 3 when it did not, and with the run as JSON', async (answer, message) => {
    await using stub = await startStub(() => answer)
    const { code, stdout, stderr } = await runCommand(home, [
      'runs',
      ID,
      '--follow',
      '--json',
      '--url',
      stub.url,
    ])
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toEqual(answer.body)
    expect(stderr).toMatch(message)
  })

  it('leaves the run going at Ctrl-C, and says how to follow or cancel it', async () => {
    await using stub = await startStub(() => run())
    const command = startCommand(home, ['runs', ID, '--follow', '--url', stub.url])
    await until('the run to be followed', async () => stub.asked.length > 1)
    command.child.kill('SIGINT')
    const { code, stdout, stderr } = await command.finished
    expect([code, stdout]).toEqual([130, ''])
    expect(stderr).toContain(`lakemark runs ${ID} --follow --url ${stub.url} `)
    expect(stderr).toContain(`lakemark runs ${ID} --cancel --url ${stub.url} `)
    expect(stub.asked.every(({ method }) => method === 'GET')).toBe(true)
  })

  it('may be ended by cancelling the run', async () => {
    await using stub = await startStub(() => ended('cancelled', { listed: 3 }, 'cancelled by local'))
    const { code, stdout } = await runCommand(home, ['runs', ID, '--cancel', '--url', stub.url])
    expect([code, stdout]).toEqual([0, `run ${ID} cancelled: 3 listed, 0 matched, 0 new, 0 registered\n`])
    expect(stub.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([`DELETE /api/runs/${ID}`])
  })

  it('goes on when the service is away for a moment', async () => {
    await using stub = await startStub((_, count) => {
      if (count === 1) return run()
      return count === 2 ? { status: 503, headers: { 'Retry-After': '0' }, body: '<html>' } : ended('done')
    })
    const { code } = await runCommand(home, ['runs', ID, '--follow', '--url', stub.url])
    expect(code).toBe(0)
  })

  it('prints nothing of a service that a terminal would obey', async () => {
    await using stub = await startStub(() =>
      run({ by: 'x\u001b]0;owned\u0007\u202e', trouble: ['a\u009bb\nc'] }),
    )
    const { stdout } = await runCommand(home, ['runs', ID, '--url', stub.url])
    expect(stdout).toContain('by x\ufffd]0;owned\ufffd\ufffd')
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e]/u)
  })
})
