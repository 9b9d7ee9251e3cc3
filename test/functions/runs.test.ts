import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Issuer, startIssuer } from '../access/issuer.ts'
import { type ApiWorld, OWNER, openApiWorld } from './api-world.ts'

let issuer: Issuer
let api: ApiWorld

beforeAll(async () => {
  issuer = await startIssuer()
  api = await openApiWorld(issuer)
})
afterAll(async () => {
  await api?.close()
  await issuer?.close()
})

const operator = { roles: ['Lakemark.Operate'] }
const owner = { roles: [], oid: OWNER }
const admin = { roles: ['Lakemark.Admin'] }
const open = { rule: 'open' }

interface Shown {
  id: string
  state: string
  counters: Record<string, number>
  type?: string
}
const read = async (response: Response) => (await response.json()) as Shown

describe('a client that does as Data Factory does', () => {
  it('starts a run, follows its Location until it has ended, and what was lost is registered', async () => {
    api.world.upload('open/lost.csv')
    const started = await api.call('POST', 'resync', { claims: admin, body: {} })
    expect(started.status).toBe(202)
    const location = started.headers.get('location') ?? ''
    const { id } = await read(started)
    expect(new URL(location).pathname).toBe(`/api/runs/${id}`)

    const path = new URL(location).pathname.replace('/api/', '')
    let answer = await api.call('GET', path, { claims: admin })
    for (let asked = 0; answer.status === 202 && asked < 20; asked += 1) {
      await api.world.drain({ forMs: 60_000 })
      answer = await api.call('GET', path, { claims: admin })
    }
    expect(answer.status).toBe(200)
    const run = await read(answer)
    expect(run).toMatchObject({ state: 'done', counters: { new: 1, registered: 2, failed: 0 } })
    expect(await api.world.registered('ml-retail', 'open-lost')).toEqual({ 1: 'open/lost.csv' })
    const { runs } = (await (await api.call('GET', 'runs', { claims: admin })).json()) as { runs: Shown[] }
    expect(runs.map(it => it.id)).toContain(id)
  })
})

describe('a run', () => {
  it('is joined by the next over the same ground, and cancelled', async () => {
    const first = await read(await api.call('POST', 'resync', { claims: operator, body: open }))
    const second = await read(await api.call('POST', 'resync', { claims: operator, body: open }))
    expect(second.id).toBe(first.id)
    const cancelled = await api.call('DELETE', `runs/${first.id}`, { claims: operator })
    expect([cancelled.status, (await read(cancelled)).state]).toEqual([200, 'cancelled'])
    expect((await api.call('GET', `runs/${first.id}`, { claims: operator })).status).toBe(200)
  })

  it('is started once for one Idempotency-Key, which stands for nothing else', async () => {
    const start = (body: unknown) =>
      api.call('POST', 'resync', { claims: operator, body, headers: { 'Idempotency-Key': 'nightly-1' } })
    const first = await read(await start(open))
    await api.call('DELETE', `runs/${first.id}`, { claims: operator })
    expect((await read(await start(open))).id).toBe(first.id)
    const other = await start({ ...open, dryRun: true })
    expect([other.status, (await read(other)).type]).toEqual([422, 'urn:lakemark:key-reused'])
  })

  it('of a rule with operators is theirs, and of all rules nobody’s who may not operate each', async () => {
    const start = async (claims: object, body: unknown) =>
      (await api.call('POST', 'resync', { claims: claims as never, body })).status
    expect(await start(owner, { rule: 'owned', dryRun: true })).toBe(202)
    expect(await start(owner, open)).toBe(403)
    expect(await start(operator, { rule: 'owned' })).toBe(403)
    expect(await start(operator, {})).toBe(403)
    expect(await start(admin, {})).toBe(202)
  })

  it('that cannot be is refused with what would be right', async () => {
    const refused = async (body: unknown) => {
      const response = await api.call('POST', 'resync', { claims: admin, body })
      return [response.status, ((await response.json()) as { detail: string }).detail]
    }
    expect(await refused({ rule: 'none' })).toEqual([400, expect.stringContaining('none')])
    expect(await refused({ since: 'yesterday' })).toEqual([400, expect.stringContaining('expected a time')])
    expect(await refused({ everything: true })).toEqual([400, expect.stringContaining('everything')])
    // Half a character: no path has one, and no address could be made of it.
    expect(await refused({ prefix: 'a\ud800' })).toEqual([400, expect.stringContaining('prefix')])
    expect((await api.call('GET', 'runs/nothing', { claims: admin })).status).toBe(404)
    expect((await api.call('DELETE', 'runs/nothing', { claims: admin })).status).toBe(404)
  })
})
