import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postEvents, salesEvent } from '../support/local-events.ts'
import {
  ALIASES,
  armVersions,
  createHome,
  lakeClient,
  type RunningLakemark,
  runCommand,
  startLakemark,
  until,
} from './process.ts'

/** The sample rules, as a user finds them after cloning. */
describe('the main job with the sample rules', () => {
  let home: string
  let remove: () => Promise<void>
  let lakemark: RunningLakemark
  let file: string

  beforeAll(async () => {
    ;({ home, remove } = await createHome())
    lakemark = await startLakemark(home, {}, ['--ephemeral'])
    file = join(home, 'some.csv')
    await writeFile(file, 'id,amount\n1,10\n')
  })
  afterAll(async () => {
    await lakemark?.interrupt()
    await remove()
  })

  const registered = async (asset: string, count: number) =>
    until(`${count} versions of ${asset} in both workspaces`, async () => {
      const all = await Promise.all(ALIASES.map(alias => armVersions(lakemark.azureMl, alias, asset)))
      return all.every(versions => versions.length >= count)
    })

  it('registers a file that is put into the lake as version 1 in both workspaces', async () => {
    const put = await runCommand(home, ['put', file, 'silver/sales/eu/some.csv'])
    expect(put).toMatchObject({ code: 0, stderr: '' })
    await registered('sales-eu-some', 1)
    for (const alias of ALIASES) {
      const [version, ...others] = await armVersions(lakemark.azureMl, alias, 'sales-eu-some')
      expect(others).toEqual([])
      expect(version?.name).toBe('1')
      expect(version?.properties.dataUri).toMatch(/datastores\/silver\/paths\/sales\/eu\/some\.csv$/)
      expect(version?.properties.tags).toEqual({ team: 'retail', region: 'eu' })
      expect(version?.properties.description).toBe('some.csv, sales of eu')
      expect(Object.keys(version?.properties.properties ?? {}).sort()).toEqual(
        ['cut', 'etag', 'files', 'fingerprint', 'rule', 'source'].map(name => `lakemark.${name}`),
      )
    }
  })

  it('is found known by a re-sync, which tells what it has found', async () => {
    const done = await runCommand(home, ['resync', '--rule', 'sales-files', '--verify'])
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toMatch(/^run \S+ done: 1 listed, 1 matched, 0 new, 0 registered\n$/)
    const json = await runCommand(home, ['resync', '--rule', 'sales-files', '--dry-run', '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ state: 'done', filter: { dryRun: true } })
    const wrong = await runCommand(home, ['resync', '--rule', 'salse-files'])
    expect([wrong.code, wrong.stdout]).toEqual([1, ''])
    expect(wrong.stderr).toContain('salse-files')
  })

  it('shows it with the status command and over HTTP', async () => {
    const state = async () => {
      const { stdout } = await runCommand(home, ['status'])
      return stdout
    }
    await until(
      'the status to say registered twice',
      async () => (await state()).split('registered').length === 3,
    )
    expect(await state()).toMatch(
      /sales-eu-some\s+uri_file\s+1\s+ml-forecast: registered, ml-retail: registered/,
    )
    const { stdout } = await runCommand(home, ['status', 'sales-eu-some'])
    expect(stdout).toMatch(/1\s+1\s+\S+Z\s+at once/)
    const response = await fetch(`${lakemark.service}/api/assets/sales-eu-some`)
    expect(await response.json()).toMatchObject({
      latest: 1,
      versions: [{ version: 1, files: 1, rule: 'sales-files' }],
    })
  })

  it('makes version 2 of the same file put again, and still 2 after its event came three times more', async () => {
    await runCommand(home, ['put', file, 'silver/sales/eu/some.csv'])
    await registered('sales-eu-some', 2)
    const blob = lakeClient(lakemark.lake).getContainerClient('silver').getBlobClient('sales/eu/some.csv')
    const { etag = '', contentLength = 0 } = await blob.getProperties()
    const event = {
      topic:
        '/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/devstoreaccount1',
      subject: '/blobServices/default/containers/silver/blobs/sales/eu/some.csv',
      eventType: 'Microsoft.Storage.BlobCreated',
      eventTime: new Date().toISOString(),
      id: 'again',
      data: { api: 'PutBlob', eTag: etag.replaceAll('"', ''), contentLength, url: blob.url },
      dataVersion: '',
      metadataVersion: '1',
    }
    for (let time = 0; time < 3; time += 1) expect((await post([event])).status).toBe(202)
    await put('silver/sales/eu/after.csv')
    await registered('sales-eu-after', 1)
    for (const alias of ALIASES) {
      const versions = await armVersions(lakemark.azureMl, alias, 'sales-eu-some')
      expect(versions.map(({ name }) => name)).toEqual(['1', '2'])
    }
  })

  it('neither crashes on rubbish at its webhook nor loses the good events around it', async () => {
    const good = salesEvent
    const rubbish = [
      { ...good('x'), eventType: 'Microsoft.Resources.ResourceWriteSuccess' },
      { ...good('x'), data: undefined },
      { ...good('x'), subject: '/blobServices/default/containers/silver/blobs/sales/../../etc/passwd' },
      { ...good('x'), subject: 42 },
      {},
      { eventType: 7 },
    ]
    const answers = await Promise.all([
      post('this is not JSON'),
      post('x'.repeat(1024 * 1024)),
      post([good('before'), ...rubbish, good('after-rubbish')]),
      post([]),
      post({ ...good('single') }),
      post([good('elsewhere')], 'noSuchFunction'),
      post([good('sent-again'), null, 'text', 7]),
    ])
    // What is no JSON object the host refuses itself, as it would in Azure, and Event Grid sends it again.
    expect(answers.map(({ status }) => status)).toEqual([500, 500, 202, 202, 202, 404, 500])
    for (const name of ['before', 'after-rubbish', 'single']) await registered(`sales-eu-${name}`, 1)
    const health = await fetch(`${lakemark.service}/api/health`)
    expect(health.status).toBe(200)
    expect(((await health.json()) as { counts: Record<string, number> }).counts).toMatchObject({
      'ignored:not-a-blob-event': 1,
      'ignored:bad-data': 1,
      'ignored:not-an-event': 2,
    })
  })

  it('answers the handshakes by which Event Grid makes sure of its subscribers', async () => {
    const validation = [
      { eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent', data: { validationCode: 'abc' } },
    ]
    const answer = await post(validation, 'onBlobEvent', 'SubscriptionValidation')
    expect(await answer.json()).toEqual({ validationResponse: 'abc' })
  })

  it('refuses a second start in the same place, and says where the first is', async () => {
    const { code, stderr } = await runCommand(home, ['start'])
    expect(code).toBe(1)
    expect(stderr).toContain(lakemark.service)
  })

  function put(place: string) {
    return runCommand(home, ['put', file, place])
  }

  function post(body: unknown, functionName?: string, type?: string) {
    return postEvents(lakemark.service, body, functionName, type)
  }
})
