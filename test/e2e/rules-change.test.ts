import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startGitServer } from '../git/git-server.ts'
import { ROOT } from '../tidy/sources.ts'
import {
  ALIASES,
  armVersions,
  createHome,
  lakeClient,
  type RunningLakemark,
  startLakemark,
  until,
  writeRules,
} from './process.ts'

const rule = (name: string, match: string) => `
  - name: ${name}
    from: devstoreaccount1/silver
    match: ${match}
    asset: "${name}-{stem}"
    to: [retail]
`

describe('rules that change while everything runs', () => {
  let home: string
  let remove: () => Promise<void>
  let lakemark: RunningLakemark | undefined

  beforeEach(async () => {
    ;({ home, remove } = await createHome())
  })
  afterEach(async () => {
    await lakemark?.interrupt()
    lakemark = undefined
    await remove()
  })

  async function upload(path: string) {
    const container = lakeClient(String(lakemark?.lake)).getContainerClient('silver')
    await container.createIfNotExists()
    await container.getBlockBlobClient(path).upload('data', 4)
  }

  const registered = (asset: string, names: string[]) =>
    until(`versions ${names} of ${asset} in both workspaces`, async () => {
      const all = await Promise.all(
        ALIASES.map(alias => armVersions(String(lakemark?.azureMl), alias, asset)),
      )
      return all.every(versions => versions.map(({ name }) => name).join() === names.join())
    })

  const shown = async () =>
    (await (await fetch(`${lakemark?.service}/api/rules`)).json()) as {
      candidate: { problems: string[] } | null
    }

  it('in a folder take effect by themselves, for files that lie there already too; broken ones change nothing', async () => {
    const folder = await writeRules(home, `rules:${rule('csv', 'in/*.csv')}`)
    lakemark = await startLakemark(home, { LAKEMARK_RULES: folder })
    await upload('in/a.csv')
    await upload('in/b.json')
    await registered('csv-a', ['1'])
    await writeFile(join(folder, 'json.yaml'), `rules:${rule('json', 'in/*.json')}`)
    await registered('json-b', ['1'])
    await writeFile(join(folder, 'json.yaml'), `rules:${rule('json', 'in/*.{json')}`)
    await until('the problem to be shown', async () => (await shown()).candidate !== null)
    expect((await shown()).candidate?.problems[0]).toMatch(/json\.yaml:4:12 {2}match: /)
    const health = await (await fetch(`${lakemark.service}/api/health`)).json()
    expect(health).toMatchObject({
      rules: expect.stringMatching(/^newer rules were refused: .*json\.yaml:4:12/),
    })
    await upload('in/c.json')
    await registered('json-c', ['1'])
    expect((await armVersions(lakemark.azureMl, 'ml-retail', 'csv-a')).length).toBe(1)
  })

  it('in a repository are those of its newest commit at the start', async () => {
    const git = await startGitServer()
    try {
      const workspaces = await readFile(join(ROOT, 'rules/workspaces.yaml'), 'utf8')
      const commit = await git.commit({
        'rules/w.yaml': workspaces,
        'rules/csv.yaml': `rules:${rule('csv', 'in/*.csv')}`,
      })
      lakemark = await startLakemark(home, { LAKEMARK_RULES: `git+${git.url}#main:rules` })
      await upload('in/a.csv')
      await registered('csv-a', ['1'])
      const [version] = await armVersions(lakemark.azureMl, 'ml-retail', 'csv-a')
      expect(version?.properties.properties['lakemark.commit']).toBe(commit)
    } finally {
      await git.close()
    }
  })
})
