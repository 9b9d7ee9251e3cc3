import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Issuer, startIssuer } from '../access/issuer.ts'
import { type ApiWorld, OWNER, openApiWorld } from './api-world.ts'

let issuer: Issuer
let api: ApiWorld
beforeAll(async () => {
  issuer = await startIssuer()
  api = await openApiWorld(issuer)
  await api.fail('open/one.csv', 'owned/one.csv')
})
afterAll(async () => {
  await api?.close()
  await issuer?.close()
})
const nobody: JWTPayload = { roles: [] }
const bodyOf = (n: number) => ({
  workspace_definition: [{ workspace_name: 'ml-retail', subscription_id: '00000000-0000-0000-0000-000000000001', resource_group: 'rg-retail' }],
  datastore_definition: [{ adlsgen2_datastore_name: 'silver', account_name: 'contosolake', filesystem: 'silver' }],
  dataset_definition: Array.from({ length: n }, (_, i) => ({ dataset_name: `open-x${i}`, dataset_path: `open/x${i}` })),
})
it('outsider cost', async () => {
  const spies = (['readWork', 'readVersions', 'readFiles', 'listRefusals'] as const).map(n => vi.spyOn(api.world.ledger, n))
  const heads = vi.spyOn(api.world.lake, 'head')
  const r = await api.call('POST', 'register', { claims: nobody, body: bodyOf(200) })
  console.log(r.status, (await r.text()).slice(0, 300), spies.map(s => s.mock.calls.length), heads.mock.calls.length)
})
it('openapi health 503', async () => {
  api.failOn.begin = true
  const r = await api.call('POST', 'assets/open-one/retry', { claims: nobody })
  api.failOn.begin = false
  console.log(r.status, await r.text(), api.lines.filter(l => l.includes('audit')))
  const s = await api.call('POST', 'assets/open-one/retry', { claims: { roles: ['Lakemark.Admin'] } })
  console.log(s.status)
  api.failOn.begin = true
  const t = await api.call('POST', 'assets/open-one/retry', { claims: { roles: ['Lakemark.Admin'] } })
  api.failOn.begin = false
  console.log(t.status, api.lines.filter(l => l.includes('audit')))
})
void OWNER
