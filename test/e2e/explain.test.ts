import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FileExplanation } from '../../src/app/questions/explain.ts'
import { createHome, type RunningLakemark, runCommand, startLakemark, until } from './process.ts'

const FILE = 'devstoreaccount1/silver/sales/eu/some.csv'

describe('lakemark explain without a service', () => {
  let home: string
  let remove: () => Promise<void>
  beforeAll(async () => {
    ;({ home, remove } = await createHome())
  })
  afterAll(() => remove())

  it('explains by the rules folder alone, and says so', async () => {
    const { code, stdout, stderr } = await runCommand(home, ['explain', 'silver/sales/eu/some.csv'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^devstoreaccount1\/silver\/sales\/eu\/some\.csv\n {2}asked +the rules folder alone/,
    )
    expect(stdout).toMatch(/✓ sales-files +\(rules\/sales\.yaml:\d+\)\n +asset +sales-eu-some \(uri_file\)/)
    expect(stdout).toMatch(/✗ daily-sales .*\n +match: segment 3 is "some\.csv", expected dt=\{date\}/)
  })

  it.each([
    'https://devstoreaccount1.blob.core.windows.net/silver/sales/eu/some.csv?sig=SECRET',
    'http://127.0.0.1:10000/devstoreaccount1/silver/sales/eu/some.csv',
    'abfss://silver@devstoreaccount1.dfs.core.windows.net/sales/eu/some.csv',
    FILE,
  ])('understands %s', async address => {
    const { code, stdout } = await runCommand(home, ['explain', address, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      file: FILE,
      source: 'rules',
      lake: null,
      rules: [{ rule: 'sales-files', ledger: null }, { rule: 'daily-sales' }],
    })
    expect(stdout).not.toContain('SECRET')
  })

  it('advises on what matches nothing, and on containers that nobody watches', async () => {
    const missed = await runCommand(home, ['explain', 'silver/sale/eu/some.csv'])
    expect(missed.stdout).toMatch(/is "sale" perhaps meant to be sales\?\n$/)
    const unwatched = await runCommand(home, ['explain', 'devstoreaccount1/bronze/some.csv'])
    expect(unwatched.stdout).toContain('they name devstoreaccount1/silver')
    expect([missed.code, unwatched.code]).toEqual([0, 0])
  })

  it('refuses what is no address', async () => {
    const { code, stderr, stdout } = await runCommand(home, ['explain', 'ftp://somewhere/x?sig=SECRET'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/URL-or-PATH: ftp:\/\/ is not an address/)
    expect(stderr).not.toContain('SECRET')
  })
})

describe('lakemark explain with the service running', () => {
  let home: string
  let remove: () => Promise<void>
  let lakemark: RunningLakemark

  beforeAll(async () => {
    ;({ home, remove } = await createHome())
    lakemark = await startLakemark(home, {}, ['--ephemeral'])
    const file = join(home, 'some.csv')
    await writeFile(file, 'id,amount\n1,10\n')
    await runCommand(home, ['put', file, 'silver/sales/eu/some.csv'])
  })
  afterAll(async () => {
    await lakemark?.interrupt()
    await remove()
  })

  const get = (query: string) => fetch(`${lakemark.service}/api/explain?${query}`)
  const read = async (query: string) => (await (await get(query)).json()) as FileExplanation

  it('tells the version and its state in each workspace', async () => {
    await until('the version in both workspaces', async () => {
      const [rule] = (await read('url=silver/sales/eu/some.csv')).rules
      const states = Object.values(rule?.ledger?.version?.workspaces ?? {}).map(({ state }) => state)
      return states.join() === 'registered,registered'
    })
    const { code, stdout, stderr } = await runCommand(home, ['explain', 'silver/sales/eu/some.csv'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/asked +the running service/)
    expect(stdout).toMatch(/lake +15 bytes, etag 0x/)
    expect(stdout).toMatch(/version +1, 1 file, cut at \S+Z \(at once\)/)
    expect(stdout).toMatch(/state +ml-forecast: registered, ml-retail: registered/)
  })

  it('tells what was never seen', async () => {
    const { stdout } = await runCommand(home, ['explain', 'silver/sales/eu/other.csv'])
    expect(stdout).toMatch(/lake +there is no such file/)
    expect(stdout).toMatch(/recorded +never/)
  })

  it('answers over HTTP by URL and by parts', async () => {
    const url = encodeURIComponent(`${lakemark.lake}/silver/sales/eu/a%20b.csv?sig=SECRET`)
    const byUrl = await read(`url=${url}`)
    expect(byUrl).toMatchObject({ path: 'sales/eu/a b.csv', source: 'service', isWatched: true })
    const byParts = await read('account=devstoreaccount1&container=silver&path=sales/eu/a%20b.csv')
    expect(byParts).toEqual(byUrl)
  })

  it.each([
    ['', /expected \?url=/],
    ['url=', /url: is empty/],
    ['url=https://lake.contoso.com/silver/x', /url: the host does not tell the storage account/],
    ['url=https%3A%2F%2Flake.blob.core.windows.net%2Fsilver%2F%25FF', /encodes no UTF-8/],
    [`url=${'a'.repeat(13_000)}`, /url: is longer than 12800/],
    ['account=devstoreaccount1&container=silver', /expected \?url=/],
    ['account=devstoreaccount1&container=Silver&path=x', /is no container/],
    [`account=devstoreaccount1&container=silver&path=${'x'.repeat(1025)}`, /longer than 1024/],
  ])('answers the query %s with problem JSON', async (query, detail) => {
    const response = await get(query)
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toMatch('application/problem+json')
    expect(await response.json()).toMatchObject({
      type: 'urn:lakemark:bad-request',
      detail: expect.stringMatching(detail),
    })
  })
})
