import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
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

it('keeps an asset to the operators of the rule that made it, also when it makes others now', async () => {
  await api.world.deliver(api.world.upload('owned/one.csv'))
  await api.world.drain()
  const ways = async (claims: JWTPayload) => {
    const statuses: number[] = []
    for (const [path, body] of [
      ['assets/owned-one/retry', undefined],
      ['failures/retry', { asset: 'owned-one' }],
      ['resync', { asset: 'owned-one', verify: true }],
      ['resync', { asset: 'owned-one', rule: 'owned', verify: true }],
    ] as const) {
      const { status } = await api.call('POST', path, { claims, body })
      statuses.push(status)
    }
    return statuses
  }
  expect(await ways(operator)).toEqual([403, 403, 403, 403])
  api.world.useRules(`
rules:
  - { name: open, from: contosolake/silver, match: "open/{name}.csv", asset: "open-{name}", to: [retail] }
  - name: owned
    from: contosolake/silver
    match: owned/*.csv
    asset: all-owned
    type: uri_folder
    to: [retail]
    operators: ${OWNER}
`)
  // That no rule in force of that name makes such an asset is told to who may ask.
  expect(await ways(operator)).toEqual([403, 403, 403, 400])
  expect(await ways(owner)).toEqual([202, 202, 403, 403])
})
