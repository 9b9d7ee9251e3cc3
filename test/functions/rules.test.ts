import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AssetDetail } from '../../src/app/questions/status.ts'
import { createBlobService } from '../../src/azure/storage-clients.ts'
import { readConfig } from '../../src/config.ts'
import { type AzureMlEmulator, startAzureMlEmulator } from '../../src/emulators/azure-ml/server.ts'
import { type Azurite, startAzurite } from '../../src/emulators/lake/azurite.ts'
import type { Host } from '../../src/host/host.ts'
import { startService } from '../../src/local/service.ts'
import { until } from '../e2e/process.ts'
import { type GitServer, startGitServer } from '../git/git-server.ts'
import { ROOT } from '../tidy/sources.ts'

const SECRET = 'a-secret-of-the-webhook'
const WORKSPACES = readFileSync(join(ROOT, 'rules/workspaces.yaml'), 'utf8')
const rule = (name: string, match: string) => `
  - name: ${name}
    from: devstoreaccount1/silver
    match: ${match}
    asset: "${name}-{file}"
    to: [retail]
`

/** The service with its rules in a repository on a git server, and files that lie in the lake already. */
describe('rules in git', () => {
  let azurite: Azurite
  let azureMl: AzureMlEmulator
  let git: GitServer
  let host: Host
  let first: string

  beforeAll(async () => {
    git = await startGitServer()
    first = await git.commit({
      'rules/workspaces.yaml': WORKSPACES,
      'rules/a.yaml': `rules:${rule('a', 'a/*.csv')}`,
    })
    azurite = await startAzurite()
    azureMl = await startAzureMlEmulator({ port: 0, workspaces: [] })
    const connection = { kind: 'connection string', connectionString: azurite.connectionString } as const
    const container = createBlobService(connection).getContainerClient('silver')
    await container.create()
    for (const path of ['a/one.csv', 'b/two.csv', 'b/three.csv'])
      await container.getBlockBlobClient(path).upload('x', 1)
    host = await start()
  })
  afterAll(async () => {
    await host?.close({ graceMs: 5000 })
    await Promise.all([azureMl?.close(), azurite?.close(), git?.close()])
  })

  function start(): Promise<Host> {
    const config = readConfig({
      AzureWebJobsStorage: azurite.connectionString,
      LAKEMARK_AZUREML_URL: azureMl.url,
      LAKEMARK_RULES: `git+${git.url}#main:rules`,
      LAKEMARK_RULES_WEBHOOK_SECRET: SECRET,
      LAKEMARK_PORT: '0',
      LAKEMARK_LOG: 'error',
    })
    return startService(config, rules => azureMl.setWorkspaces([...rules.workspaces.values()]))
  }

  interface Shown {
    active: { commit: string }
    candidate: { commit: string; problems: string[] } | null
    files?: { path: string }[]
  }
  const shown = async (query = '') => (await (await fetch(`${host.url}/api/rules${query}`)).json()) as Shown

  function announcePush(headers: Record<string, string>, body = '{"ref":"refs/heads/main"}') {
    return fetch(`${host.url}/api/rules/refresh`, { method: 'POST', headers, body })
  }
  const signed = (body: string) => ({
    'X-Hub-Signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
  })

  it('are those of the newest commit', async () => {
    expect(await shown('?include=files')).toMatchObject({
      active: { commit: first },
      candidate: null,
      files: [{ path: 'rules/a.yaml' }, { path: 'rules/workspaces.yaml' }],
    })
  })

  it('refuse whoever does not know the secret of the webhook', async () => {
    const basic = (password: string) => ({
      Authorization: `Basic ${Buffer.from(`x:${password}`).toString('base64')}`,
    })
    const answers = await Promise.all([
      announcePush({}),
      announcePush({ 'X-Hub-Signature-256': 'sha256=00' }),
      announcePush(signed('another body')),
      announcePush(basic('wrong')),
      announcePush({ Authorization: 'Bearer x' }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
    expect((await announcePush(basic(SECRET))).status).toBe(200)
  })

  it('make files that lie in the lake already into versions once a push matches them', async () => {
    const body = '{"ref":"refs/heads/main"}'
    const second = await git.commit({ 'rules/b.yaml': `rules:${rule('b', 'b/*.csv')}` })
    const answer = await announcePush(signed(body), body)
    expect([answer.status, ((await answer.json()) as Shown).active.commit]).toEqual([200, second])
    for (const name of ['b-two-csv', 'b-three-csv']) {
      await until(`version 1 of ${name}`, async () => {
        const response = await fetch(`${host.url}/api/assets/${name}`)
        const detail = (await response.json()) as AssetDetail
        return response.ok && Object.values(detail.workspaces).every(({ state }) => state === 'registered')
      })
    }
    expect(
      ((await (await fetch(`${host.url}/api/assets/b-two-csv`)).json()) as AssetDetail).versions,
    ).toMatchObject([{ version: 1, commit: second }])
  })

  it('stay in force when a push is broken, and go on with the next good one', async () => {
    const { active } = await shown()
    const broken = await git.commit({
      'rules/b.yaml': `rules:${rule('b', 'b/*.csv').replace('retail', 'retial')}`,
    })
    await announcePush(signed('x'), 'x')
    expect(await shown()).toMatchObject({
      active,
      candidate: { commit: broken, problems: [expect.stringMatching(/rules\/b\.yaml:\d+:\d+ .*retial/)] },
    })
    const good = await git.commit({ 'rules/b.yaml': `rules:${rule('b', 'b/*.csv')}` })
    await announcePush(signed('x'), 'x')
    expect(await shown()).toMatchObject({ active: { commit: good }, candidate: null })
  })

  it('are the last good ones for a process that starts while the git server is down', async () => {
    const { active } = await shown()
    await host.close({ graceMs: 5000 })
    await git.stop()
    host = await start()
    expect(await shown()).toMatchObject({ active: { commit: active.commit } })
    expect((await announcePush(signed('x'), 'x')).status).toBe(503)
    expect(await shown()).toMatchObject({
      active: { commit: active.commit },
      trouble: { reason: expect.any(String) },
    })
    await git.start()
    expect((await announcePush(signed('x'), 'x')).status).toBe(200)
    expect(await shown()).toMatchObject({ trouble: null })
  })
})
