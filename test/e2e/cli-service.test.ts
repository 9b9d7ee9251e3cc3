import { execFile } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../tidy/sources.ts'
import { createHome, type RunningLakemark, runCommand, startLakemark, until, writeRules } from './process.ts'

/** The first makes an asset of each file; the second of none whose name holds nothing legal. */
const RULES = `rules:
  - { name: sales, from: devstoreaccount1/silver, match: "sales/{region}/*.csv", asset: "sales-{region}-{stem}", to: [retail] }
  - { name: named, from: devstoreaccount1/silver, match: "named/*.csv", asset: "{stem}", to: [ml-retail] }
`

let home: string
let remove: () => Promise<void>
let lakemark: RunningLakemark

beforeAll(async () => {
  ;({ home, remove } = await createHome())
  const rules = await writeRules(home, RULES)
  lakemark = await startLakemark(home, { LAKEMARK_RULES: rules }, ['--ephemeral'])
  const file = join(home, 'some.csv')
  await writeFile(file, 'id,amount\n1,10\n')
  for (const place of ['sales/eu/some.csv', 'sales/us/other.csv', 'named/---.csv']) {
    expect(await run('put', file, `silver/${place}`)).toMatchObject({ code: 0, stderr: '' })
  }
  await until('both assets in both workspaces, and the refusal', async () => {
    const { stdout } = await run('status')
    return stdout.split('registered').length === 5 && stdout.includes('refused: ')
  })
})
afterAll(async () => {
  await lakemark?.interrupt()
  await remove()
})

const run = (...args: string[]) => runCommand(home, args)
const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout)

describe('the commands that look', () => {
  it('show the assets that a filter leaves, and say where there are more', async () => {
    const found = await run('assets', '--q', 'sales-e*')
    expect(found).toMatchObject({ code: 0, stderr: '' })
    expect(found.stdout).toMatch(/^ASSET .*\nsales-eu-some +uri_file +1 .*\n$/)
    const first = await run('assets', '--limit', '1')
    expect(first.stdout).toMatch(/… and more than these 1; --limit shows more\n$/)
    expect(await json('assets', '--rule', 'named')).toEqual({ assets: [], unreadable: [], more: false })
  })

  it('say which name was perhaps meant', async () => {
    const asset = await run('status', 'sales-eu-som')
    expect([asset.code, asset.stdout]).toEqual([1, ''])
    expect(asset.stderr).toBe('no asset is called "sales-eu-som"\ndid you mean sales-eu-some?\n')
    const rule = await run('assets', '--rule', 'slaes')
    expect([rule.code, rule.stdout]).toEqual([0, 'No asset is like that.\n'])
    expect(rule.stderr).toBe('No rule is called slaes; did you mean sales?\n')
    const started = await run('resync', '--workspace', 'ml-retial')
    expect([started.code, started.stderr]).toEqual([1, expect.stringContaining('did you mean ml-retail?')])
  })

  it('show one version with its members, and why a number is none', async () => {
    const { stdout } = await run('assets', 'sales-eu-some', '1')
    expect(stdout).toMatch(
      /^sales-eu-some 1 \(uri_file\)\n {2}points to +devstoreaccount1\/silver\/sales\/eu/,
    )
    expect(stdout).toMatch(/ml-retail +registered +\S+Z/)
    expect(stdout).toMatch(/^15 +0x\S+ +devstoreaccount1\/silver\/sales\/eu\/some\.csv$/m)
    expect(await json('assets', 'sales-eu-some', '1')).toMatchObject({
      version: 1,
      members: [{ path: 'sales/eu/some.csv', sizeBytes: 15 }],
      more: false,
    })
    const none = await run('assets', 'sales-eu-some', '7')
    expect([none.code, none.stderr]).toEqual([1, 'sales-eu-some has no version 7: the newest is 1\n'])
  })

  it('show all that is known of a file', async () => {
    const { stdout } = await run('files', 'silver/sales/eu/some.csv')
    expect(stdout).toMatch(/^ {2}rule +sales → sales-eu-some in ml-forecast, ml-retail$/m)
    expect(stdout).toMatch(/^1 +\S+Z +15 +0x\S+ +newest +ml-forecast: registered, ml-retail: registered$/m)
    const refused = await run('files', 'silver/named/---.csv')
    expect(refused.stdout).toMatch(/^ {2}refused +\S+Z by named: /m)
    expect(await json('files', 'silver/sales/eu/none.csv')).toMatchObject({
      lake: { state: 'absent' },
      assets: [{ versions: [] }],
    })
  })

  it('show what has failed, which can be tried again by its id', async () => {
    const { stdout } = await run('failures')
    expect(stdout).toMatch(/^refusal +devstoreaccount1\/silver\/named\/---\.csv +named +\S+Z +\S+ +\S/m)
    const { failures } = await json('failures', '--kind', 'refusal')
    expect(failures).toMatchObject([{ kind: 'refusal', rule: 'named' }])
    const again = await run('retry', '--id', failures[0].id)
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(again.stdout).toMatch(/^\d .*\n$/)
    const others = await run('failures', '--kind', 'delivery')
    expect(others.stdout).toBe('Nothing like that has failed.\n')
  })

  it('tell whether the service is ready, and which rules are in force', async () => {
    const health = await run('health')
    expect(health).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ready, version /) })
    expect(health.stdout).toMatch(/^ {2}datastores +ready$/m)
    const rules = await run('rules')
    expect(rules.code).toBe(0)
    expect(rules.stdout).toMatch(/^2 rules are in force\n {2}from /)
  })

  it('show who changed what', async () => {
    await run('retry', 'sales-eu-some')
    const { stdout } = await run('audit', '--limit', '1')
    expect(stdout).toMatch(/^AT .*\n\S+Z +local +202 +retryAsset +name="sales-eu-some"\n… and more/)
  })
})

describe('the commands that do', () => {
  it('want to know what is to be tried again', async () => {
    const nothing = await run('retry')
    expect([nothing.code, nothing.stderr]).toEqual([
      2,
      expect.stringContaining('name an asset, or say which'),
    ])
    const both = await run('retry', 'sales-eu-some', '--all')
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('one way')])
    expect((await run('retry', 'sales-eu-some')).stdout).toBe('sales-eu-some: nothing has failed\n')
  })

  it('start a run without waiting, and follow, show and list it later', async () => {
    const begun = await run('resync', '--rule', 'sales', '--no-wait', '--idempotency-key', 'one')
    expect(begun.code).toBe(0)
    const id = /^run (\S+) /.exec(begun.stdout)?.[1] ?? ''
    expect(begun.stderr).toContain(`lakemark runs ${id} --follow `)
    expect((await run('runs', id, '--follow')).stdout).toMatch(
      new RegExp(`^run ${id} done: 2 listed, 2 matched, 0 new, 0 registered\n$`),
    )
    const again = await json('resync', '--rule', 'sales', '--idempotency-key', 'one')
    expect(again).toMatchObject({ id, state: 'done', counters: { listed: 2 } })
    const ended = await run('resync', '--rule', 'sales', '--no-wait', '--idempotency-key', 'one')
    expect(ended).toMatchObject({ code: 0, stdout: `run ${id} done\n`, stderr: '' })
    expect((await run('runs', id)).stdout).toMatch(/\n {2}over +rule sales\n {2}begun +\S+ by local\n/)
    expect((await run('runs')).stdout).toMatch(new RegExp(`^${id} +done .* rule sales +2 listed`, 'm'))
    expect((await run('runs', id, '--findings')).stdout).toContain('Nothing was found that differs')
    expect((await run('runs', `${id.slice(0, -1)}_`)).stderr).toContain(`did you mean ${id}?`)
  })

  it('register what a file names, and say what of it is wrong', async () => {
    const request = {
      workspace_definition: [
        {
          workspace_name: 'ml-retail',
          subscription_id: '00000000-0000-0000-0000-000000000001',
          resource_group: 'rg-retail',
        },
      ],
      datastore_definition: [
        { adlsgen2_datastore_name: 'silver', account_name: 'devstoreaccount1', filesystem: 'silver' },
      ],
      dataset_definition: [{ dataset_name: 'by-hand', dataset_path: 'sales/eu/*.csv' }],
    }
    const file = join(home, 'request.json')
    await writeFile(file, JSON.stringify(request))
    const done = await run('register', file)
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toMatch(/\nby-hand +1 +1 +1 +\S+ +ml-retail: registered\n$/)
    const known = await run('files', 'silver/sales/eu/some.csv')
    expect(known.stdout).toContain(
      '\nby-hand (uri_folder)\n  note      registered on request; no rule in force',
    )
    await writeFile(file, JSON.stringify({ ...request, datastore_definition: [] }))
    const wrong = await run('register', file)
    expect([wrong.code, wrong.stdout]).toEqual([1, ''])
    expect(wrong.stderr).toMatch(/^datastore_definition: expected a list/)
    await writeFile(file, '{')
    expect((await run('register', file)).stderr).toContain('expected JSON')
  })
})

describe('the shell', () => {
  it('completes commands and the names of the service, in bash', async () => {
    const bin = join(home, 'bin')
    await mkdir(bin)
    const shim = join(bin, 'lakemark')
    await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${ROOT}src/cli/lakemark.js" "$@"\n`)
    await chmod(shim, 0o755)
    const script = `source <(lakemark completion bash)
      COMP_WORDS=(lakemark status sales-u) COMP_CWORD=2; _lakemark lakemark; echo "\${COMPREPLY[@]}"
      COMP_WORDS=(lakemark retry --rule '') COMP_CWORD=3; _lakemark lakemark; echo "\${COMPREPLY[@]}"
      COMP_WORDS=(lakemark resy) COMP_CWORD=1; _lakemark lakemark; echo "\${COMPREPLY[@]}"`
    const { stdout } = await promisify(execFile)('bash', ['-c', script], {
      cwd: ROOT,
      env: { PATH: `${bin}${delimiter}${process.env.PATH}`, LAKEMARK_HOME: home },
    })
    expect(stdout).toBe('sales-us-other\nsales named\nresync\n')
  })
})
