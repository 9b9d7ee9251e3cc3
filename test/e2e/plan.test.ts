import * as fs from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { add, commit, init } from 'isomorphic-git'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ToldPlan } from '../../src/cli/plan/plan-words.ts'
import {
  armVersions,
  createHome,
  lakeClient,
  type RunningLakemark,
  runCommand,
  startLakemark,
  until,
  writeRules,
} from './process.ts'

const RULE = `rules:
  - name: csv
    from: devstoreaccount1/silver
    match: sales/{region}/*.csv
    asset: sales-{region}-{stem}
    to: [retail]
`
/** Other files of the same container, gathered by their folder. */
const NEW_RULE = `
  - name: parts
    from: devstoreaccount1/silver
    match: sales/{region}/dt={date}/*.parquet
    asset: parts-{region}
    type: uri_folder
    settle: 5m
    to: [ml-retail]
`

async function commitRules(dir: string): Promise<void> {
  await init({ fs, dir, defaultBranch: 'main' })
  for (const name of ['rules.yaml', 'workspaces.yaml']) await add({ fs, dir, filepath: `rules/${name}` })
  await commit({ fs, dir, message: 'rules', author: { name: 'A', email: 'a@example.com' } })
}

/** As a service answers `GET /api/rules`. */
function rulesAnswer(files: unknown): string {
  return JSON.stringify({ count: 1, candidate: null, trouble: null, files })
}

/** One repository with rules, a lake that runs, and what `lakemark plan` says of them. */
describe('lakemark plan', () => {
  let home: string
  let remove: () => Promise<void>
  let clone: Awaited<ReturnType<typeof createHome>> | undefined
  let rules: string
  let lakemark: RunningLakemark
  let server: Server
  let against: string
  let asked: { url: string; key: string | undefined }[] = []
  let answer: { status: number; body: string }

  beforeAll(async () => {
    ;({ home, remove } = await createHome())
    clone = await createHome()
    rules = await writeRules(clone.home, RULE)
    await commitRules(clone.home)
    // The service has rules of its own: it takes over what changes in their folder.
    lakemark = await startLakemark(home, { LAKEMARK_RULES: await writeRules(home, RULE) }, ['--ephemeral'])
    const container = lakeClient(lakemark.lake).getContainerClient('silver')
    await container.create()
    const names = ['eu/dt=1/a.parquet', 'eu/dt=1/b.parquet', 'us/dt=2/c.parquet', 'eu/x.csv', 'other.txt']
    for (const name of names) await container.getBlockBlobClient(`sales/${name}`).upload('x', 1)

    server = createServer((request, response) => {
      asked.push({ url: request.url ?? '', key: request.headers['x-functions-key'] as string | undefined })
      response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    against = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server?.close()
    await lakemark?.interrupt()
    await remove()
    await clone?.remove()
  })

  const write = (text: string) => writeFile(join(rules, 'rules.yaml'), text)
  const run = (...args: string[]) => runCommand(home, ['plan', ...args], { LAKEMARK_RULES: rules })
  const offer = async (text: string) => {
    asked = []
    const files = [
      { path: 'workspaces.yaml', text: await readFile(join(rules, 'workspaces.yaml'), 'utf8') },
      { path: 'rules.yaml', text },
    ]
    answer = { status: 200, body: rulesAnswer(files) }
  }

  it('says that nothing changes, with exit code 0', async () => {
    await write(`# a comment\n${RULE}`)
    const { code, stdout, stderr } = await run('--base', 'HEAD')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^old rules {2}HEAD \([0-9a-f]{10}\)\nnew rules .*\n\nNothing changes\.\n$/)
  })

  it('says what a new rule makes of the files that lie in the lake, with exit code 2', async () => {
    await write(RULE + NEW_RULE)
    const { code, stdout, stderr } = await run('--base', 'main')
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    expect(stdout).toContain('+ parts  new')
    expect(stdout).toContain('5 files looked at in devstoreaccount1/silver')
    expect(stdout).toContain('2 versions of 2 assets would be made: 2 ARM writes, at once.')
    expect(stdout).toContain(
      '  devstoreaccount1/silver/sales/eu/dt=1/a.parquet → parts-eu  (parts; of sales/eu/dt=1/)',
    )
  })

  it('is for programs and for pull requests too', async () => {
    await write(RULE.replace('sales/{region}', 'sales/{region}/dt={date}').replace('*.csv', '*.parquet'))
    const { code, stdout } = await run('--base', 'HEAD', '--json')
    expect(code).toBe(2)
    const plan: ToldPlan = JSON.parse(stdout)
    expect(plan).toMatchObject({
      isChange: true,
      rules: { added: [], removed: [], changed: [{ rule: 'csv', fields: ['match'] }] },
      files: 5,
      matched: { files: 3 },
      unmatched: { files: 1, samples: [{ asset: 'sales-eu-x' }] },
      versions: 3,
      byWorkspace: [
        { alias: 'ml-forecast', versions: 3 },
        { alias: 'ml-retail', versions: 3 },
      ],
      listed: ['devstoreaccount1/silver'],
    })
    const { stdout: markdown } = await run('--base', 'HEAD', '--markdown')
    expect(markdown).toMatch(
      /^### Lakemark plan: 3 files newly matched, 1 no longer, 3 versions of 3 assets\n/,
    )
  })

  it('tells containers that do not exist', async () => {
    await write(RULE + NEW_RULE.replace('/silver', '/nowhere'))
    const { code, stdout } = await run('--base', 'HEAD')
    expect(code).toBe(2)
    expect(stdout).toContain('devstoreaccount1/nowhere does not exist')
  })

  it('compares with the rules that a service offers, and sends it the function key', async () => {
    await write(RULE + NEW_RULE)
    await offer(RULE)
    const { code, stdout } = await run('--against', `${against}/?code=SECRET`)
    expect(code).toBe(2)
    expect(stdout).toMatch(/^old rules {2}the service at http:\/\/127\.0\.0\.1:\d+\n/)
    expect(stdout).not.toContain('SECRET')
    expect(asked).toEqual([{ url: '/api/rules?include=files', key: 'SECRET' }])
    await offer(RULE + NEW_RULE)
    expect((await run('--against', against)).code).toBe(0)
  })

  it('compares with the rules of the service that runs here, where nothing else is asked for', async () => {
    await write(RULE + NEW_RULE)
    const { code, stdout, stderr } = await run()
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    expect(stdout).toMatch(/^old rules {2}the service at http/)
    await write(RULE)
    expect((await run()).code).toBe(0)
  })

  it.each([
    [404, '{}', /does not offer its rules \(404/],
    [200, rulesAnswer(undefined), /does not offer its rules/],
    [200, rulesAnswer([{ path: 1 }]), /does not understand \(files\.0\.path\)/],
    [200, '<html>', /does not understand \(no JSON\)/],
    [401, '', /or a function key, as \?code=… in its address/],
    [
      200,
      rulesAnswer([{ path: 'r.yaml', text: 'rules: 7' }]),
      /the old rules, the service at .* have problems:\nr\.yaml:1:8 /,
    ],
  ])('cannot tell against a service that answers %i %j', async (status, body, reason) => {
    answer = { status, body }
    const { code, stderr, stdout } = await run('--against', against)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(reason)
  })

  it.each([
    [['--base', 'nowhere'], /nowhere: not a commit/],
    [['--against', 'nowhere'], /--against: expected the http or https address/],
    [['--against', 'http://127.0.0.1:1'], /no answer from http:\/\/127\.0\.0\.1:1/],
    [['--base', 'HEAD', '--against', 'http://x'], /not both/],
    [['--json', '--markdown'], /not both/],
    [['--nonsense'], /unknown option/],
    [['--base'], /argument missing/],
  ])('says with exit code 1 what is wrong with %j', async (args, reason) => {
    const { code, stderr } = await run(...args)
    expect(code).toBe(1)
    expect(stderr).toMatch(reason)
  })

  it('says what is wrong with the new rules', async () => {
    await write('rules: 7\n')
    const { code, stderr } = await run('--base', 'HEAD')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^the rules in .* have problems:\n.*rules\.yaml:1:8 /)
  })

  it('has written nothing', async () => {
    await write(RULE)
    await until('the one file of the rules that were in force', async () => {
      const response = await fetch(`${lakemark.service}/api/assets`)
      const { assets } = (await response.json()) as { assets: { name: string }[] }
      return assets.map(({ name }) => name).join() === 'sales-eu-x'
    })
    expect(await armVersions(lakemark.azureMl, 'ml-retail', 'parts-eu')).toEqual([])
  })
})

describe('lakemark plan where nothing runs', () => {
  it('starts from the last commit, from none where there is no repository, and needs a lake', async () => {
    const { home, remove } = await createHome()
    const rules = await writeRules(home, RULE)
    const run = (...args: string[]) => runCommand(home, ['plan', ...args], { LAKEMARK_RULES: rules })
    const outside = await run()
    expect(outside).toMatchObject({ code: 1, stdout: '' })
    expect(outside.stderr).toMatch(/devstoreaccount1 is the lake of a local world, and none runs here/)
    expect((await run('--base', 'HEAD')).stderr).toMatch(/is in no git repository/)

    await commitRules(home)
    const inside = await run()
    expect(inside).toMatchObject({ code: 0, stderr: '' })
    expect(inside.stdout).toMatch(/^old rules {2}HEAD \(/)
    await remove()
  })
})
