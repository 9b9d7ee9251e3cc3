import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PermanentError } from '../../src/core/errors.ts'
import { readRulesFolder } from '../../src/files/rules-folder.ts'
import { createGitRules, type GitRulesOptions } from '../../src/git/git-rules.ts'
import { type GitServer, startGitServer } from './git-server.ts'

describe('rules in a git repository', () => {
  let server: GitServer
  let temporaryFolder: string

  beforeEach(async () => {
    server = await startGitServer()
    temporaryFolder = await mkdtemp(join(tmpdir(), 'lakemark-git-rules-'))
  })
  afterEach(async () => {
    // Whatever happened, nothing stays behind.
    const left = await readdir(temporaryFolder)
    await rm(temporaryFolder, { recursive: true })
    await server.close()
    expect(left).toEqual([])
  })

  const rulesOf = (options: Partial<GitRulesOptions> = {}) =>
    createGitRules({ url: server.url, ref: 'main', folder: '', temporaryFolder, ...options })

  it('are the yaml files of the newest commit, in order, with its id', async () => {
    const commit = await server.commit({
      'rules/sales.yaml': 'rules: []\n',
      'rules/eu/de.yml': 'de',
      'README.md': 'read me',
      'Workspaces.YAML': 'workspaces: {}\n',
    })
    const rules = rulesOf()

    expect(await rules.latestCommit()).toBe(commit)
    expect(await rules.read()).toEqual({
      commit,
      files: [
        { path: 'Workspaces.YAML', text: 'workspaces: {}\n' },
        { path: 'rules/eu/de.yml', text: 'de' },
        { path: 'rules/sales.yaml', text: 'rules: []\n' },
      ],
    })
  })

  it('follow each new commit', async () => {
    const first = await server.commit({ 'a.yaml': '1', 'b.yaml': '1' })
    const rules = rulesOf()
    expect((await rules.read()).commit).toBe(first)

    const second = await server.commit({ 'a.yaml': '2', 'b.yaml': null })

    expect(second).not.toBe(first)
    expect(await rules.latestCommit()).toBe(second)
    expect(await rules.read()).toEqual({ commit: second, files: [{ path: 'a.yaml', text: '2' }] })
  })

  it('are read without the history', async () => {
    await server.commit({ 'a.yaml': '1', 'past.bin': randomBytes(100_000) })
    await server.commit({ 'a.yaml': '2', 'past.bin': null })

    await rulesOf().read()

    const answered = server.requests.map(({ method, answeredBytes }) => ({ method, answeredBytes }))
    expect(answered.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET', 'POST'])
    const total = answered.reduce((sum, { answeredBytes }) => sum + answeredBytes, 0)
    expect(total).toBeGreaterThan(100)
    expect(total).toBeLessThan(5_000)
  })

  it('are asked for by the name of their branch, not with all the others', async () => {
    await server.commit({ 'a.yaml': '1' })
    await rulesOf().latestCommit()
    const alone = server.requests.map(({ answeredBytes }) => answeredBytes)
    for (let index = 0; index < 20; index++) await server.createBranch(`topic-${index}`)

    await rulesOf().latestCommit()

    expect(server.requests.slice(alone.length).map(({ answeredBytes }) => answeredBytes)).toEqual(alone)
  })

  it('follow a branch that was rewritten', async () => {
    await server.commit({ 'a.yaml': '1' })
    await server.commit({ 'a.yaml': '2' })
    const rules = rulesOf()
    await rules.read()

    const rewritten = await server.forcePush({ 'b.yaml': 'new' })

    expect(await server.git('rev-list', '--count', 'main')).toBe('1')
    expect(await rules.latestCommit()).toBe(rewritten)
    expect(await rules.read()).toEqual({ commit: rewritten, files: [{ path: 'b.yaml', text: 'new' }] })
  })

  it('say which branches there are when theirs was deleted, and go on when it is made anew', async () => {
    await server.commit({ 'a.yaml': '1' })
    await server.createBranch('production')
    const rules = rulesOf({ ref: 'production' })
    await rules.read()

    await server.deleteBranch('production')
    for (const call of [rules.latestCommit, rules.read]) {
      await expect(call()).rejects.toThrow(PermanentError)
      await expect(call()).rejects.toThrow(
        `rules of ${server.url}: there is no branch or tag production; there are: main`,
      )
    }

    const anew = await server.commit({ 'c.yaml': '3' }, 'anew', 'production')
    expect(await rules.latestCommit()).toBe(anew)
    expect(await rules.read()).toEqual({ commit: anew, files: [{ path: 'c.yaml', text: '3' }] })
  })

  it('suggest the branch that was meant, and name at most ten', async () => {
    await server.commit({ 'a.yaml': '1' })
    for (let index = 10; index < 22; index++) await server.createBranch(`topic-${index}`)

    await expect(rulesOf({ ref: 'mian' }).latestCommit()).rejects.toThrow(
      /no branch or tag mian; did you mean #main\?; there are: main, topic-10, .*, topic-18 and 3 more$/,
    )
  })

  it('may be on a branch with slashes whose name begins like another', async () => {
    await server.commit({ 'a.yaml': 'main' })
    const longer = await server.commit({ 'a.yaml': 'longer' }, 'x', 'feature/sales-eu')
    const exact = await server.commit({ 'a.yaml': 'exact' }, 'x', 'feature/sales')
    expect(longer).not.toBe(exact)
    const rules = rulesOf({ ref: 'feature/sales' })

    expect(await rules.latestCommit()).toBe(exact)
    expect(await rules.read()).toEqual({ commit: exact, files: [{ path: 'a.yaml', text: 'exact' }] })
  })

  it('may be at a tag, and are of the commit that it leads to', async () => {
    const commit = await server.commit({ 'a.yaml': '1' })
    expect(await server.tag('v1')).not.toBe(commit)
    await server.commit({ 'a.yaml': '2' })
    const rules = rulesOf({ ref: 'v1' })

    expect(await rules.latestCommit()).toBe(commit)
    expect(await rules.read()).toEqual({ commit, files: [{ path: 'a.yaml', text: '1' }] })
  })

  it('are on the default branch where none is named', async () => {
    await server.commit({ 'a.yaml': 'main' })
    const trunk = await server.commit({ 'a.yaml': 'trunk' }, 'x', 'trunk')
    await server.git('symbolic-ref', 'HEAD', 'refs/heads/trunk')
    const rules = rulesOf({ ref: undefined })

    expect(await rules.latestCommit()).toBe(trunk)
    expect((await rules.read()).files).toEqual([{ path: 'a.yaml', text: 'trunk' }])

    await server.deleteBranch('trunk')
    await expect(rules.latestCommit()).rejects.toThrow(
      'no default branch; name one, as in #main; there are: main',
    )
  })

  it('are read where the default branch does not exist', async () => {
    const commit = await server.commit({ 'a.yaml': 'a' }, 'x', 'production')

    expect(await rulesOf({ ref: 'production' }).read()).toMatchObject({ commit })
  })

  it('are read of a commit that no branch names', async () => {
    const commit = await server.commit({ 'a.yaml': '1' })
    await server.git('update-ref', '--no-deref', 'HEAD', commit)
    await server.commit({ 'a.yaml': '2' })

    expect(await rulesOf({ ref: undefined }).read()).toEqual({
      commit,
      files: [{ path: 'a.yaml', text: '1' }],
    })
  })

  it('may be on a branch, in a folder and in files whose names are not ASCII', async () => {
    const commit = await server.commit({ 'größe/maß.yaml': 'ß' }, 'x', 'größe/neu')

    expect(await rulesOf({ ref: 'größe/neu', folder: 'größe' }).read()).toEqual({
      commit,
      files: [{ path: 'größe/maß.yaml', text: 'ß' }],
    })
  })

  it('say that an empty repository has no branches yet', async () => {
    for (const ref of ['main', undefined]) {
      await expect(rulesOf({ ref }).latestCommit()).rejects.toThrow('the repository has no branches yet')
      await expect(rulesOf({ ref }).read()).rejects.toThrow(PermanentError)
    }
  })

  it('are those of their folder, named from the root of the repository', async () => {
    await server.commit({ 'other.yaml': 'o', 'lake/rules/a.yaml': 'a', 'lake/rules/eu/b.yaml': 'b' })

    const { files } = await rulesOf({ folder: 'lake/rules' }).read()

    expect(files).toEqual([
      { path: 'lake/rules/a.yaml', text: 'a' },
      { path: 'lake/rules/eu/b.yaml', text: 'b' },
    ])
  })

  it.each([
    ['rulez', /no folder rulez in commit [0-9a-f]{10}; did you mean rules\? there are: docs, rules$/],
    ['rules/eu', /no folder rules\/eu in commit [0-9a-f]{10}; there are no folders$/],
    ['a.yaml', /no folder a\.yaml in commit/],
    ['link', /no folder link in commit/],
  ])('say that the folder %s is missing', async (folder, message) => {
    await server.commit({ 'a.yaml': 'a', 'docs/x.md': 'x', 'rules/a.yaml': 'a', link: { link: 'rules' } })
    const read = rulesOf({ folder }).read()

    await expect(read).rejects.toThrow(PermanentError)
    await expect(read).rejects.toThrow(message)
  })

  it('are none where there are none', async () => {
    const commit = await server.commit({ 'README.md': 'none yet' })
    expect(await rulesOf().read()).toEqual({ commit, files: [] })
  })

  it('are the same as those of the same folder on disk', async () => {
    const files: Record<string, string> = {
      'rules/b.yaml': 'b',
      'rules/a.yml': '\ufeffä',
      'rules/a/z.yaml': 'z',
      'rules/a-b.yaml': 'dash',
      'rules/.hidden.yaml': 'h',
      'rules/tests/sales.yaml': 'example',
      'rules/eu/tests/deep/sales.yaml': 'example',
      'rules/tests.yaml': 'no example',
      'rules/notes.yaml.bak': 'old',
    }
    for (const [path, text] of Object.entries(files)) {
      const file = join(temporaryFolder, 'disk', path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
    const folder = join(temporaryFolder, 'disk')
    const onDisk = (await readRulesFolder(join(folder, 'rules'))).map(({ path, text }) => ({
      path: relative(folder, path),
      text,
    }))
    await rm(folder, { recursive: true })
    await server.commit(files)

    const inGit = await rulesOf({ folder: 'rules' }).read()

    expect(inGit.files).toEqual(onDisk)
    expect(inGit.files.map(({ path }) => path)).toContain('rules/tests.yaml')
    expect(inGit.files.length).toBe(6)
  })

  it('leave out links and submodules', async () => {
    await server.commit({
      'a.yaml': 'a',
      'link.yaml': { link: '/etc/passwd' },
      'module.yaml': { submodule: '0123456789012345678901234567890123456789' },
    })
    expect((await rulesOf().read()).files).toEqual([{ path: 'a.yaml', text: 'a' }])
  })

  it.each<[string, Record<string, string | Buffer>, string]>([
    [
      'a file is too large',
      { 'rules/big.yaml': 'x'.repeat(2 ** 20 + 1) },
      'rules/big.yaml has 1.0 MB; a rule file has at most 1 MB',
    ],
    ['they are too large together', manyFiles(9, 'x'.repeat(2 ** 20)), 'more than 8 MB together'],
    [
      'there are too many',
      manyFiles(1001, 'x'),
      'more than 1000 rule files in the repository; name the folder',
    ],
    ['they lie too deep', { [`${'d/'.repeat(21)}a.yaml`]: 'x' }, 'lies deeper than 20 folders'],
    [
      'one is not UTF-8',
      { 'a.yaml': 'a', 'rules/latin.yaml': Buffer.from([0x67, 0xfc]) },
      'rules/latin.yaml is not UTF-8 text',
    ],
  ])('are refused when %s', async (_, files, message) => {
    await server.commit(files)
    const read = rulesOf().read()

    await expect(read).rejects.toThrow(PermanentError)
    await expect(read).rejects.toThrow(message)
  })

  it('take files at the limits', async () => {
    await server.commit({ ...manyFiles(7, 'x'.repeat(2 ** 20)), [`${'d/'.repeat(20)}a.yaml`]: 'deep' })
    expect((await rulesOf().read()).files.length).toBe(8)
  })

  it('are those of the commit that was read, when the branch moves meanwhile', async () => {
    const first = await server.commit({ 'a.yaml': '1' })
    const rules = rulesOf()
    expect(await rules.latestCommit()).toBe(first)
    let second = ''
    let count = 0
    server.onRequest(async () => {
      // Between the two requests that resolve the branch and the two that fetch.
      count += 1
      if (count === 3) second = await server.commit({ 'a.yaml': '2' })
    })

    expect(await rules.read()).toEqual({ commit: second, files: [{ path: 'a.yaml', text: '2' }] })
    expect(second).toMatch(/^[0-9a-f]{40}$/)
  })

  describe('in a clone on this machine', () => {
    const local = (options: Partial<GitRulesOptions> = {}) =>
      rulesOf({ url: `file://${server.folder}`, ...options })

    it('are read of a bare one', async () => {
      const commit = await server.commit({ 'rules/a.yaml': 'a', 'b.yaml': 'b' })
      expect(await local().latestCommit()).toBe(commit)
      expect(await local({ folder: 'rules' }).read()).toEqual({
        commit,
        files: [{ path: 'rules/a.yaml', text: 'a' }],
      })
      expect(await local({ ref: undefined }).latestCommit()).toBe(commit)
      expect(server.requests).toEqual([])
    })

    it('are read of one with a work tree, as committed, packed and tagged', async () => {
      const commit = await server.commit({ 'a.yaml': 'a' })
      await server.tag('v1')
      const clone = join(temporaryFolder, 'clone')
      await server.git('clone', '--quiet', server.folder, clone)
      await writeFile(join(clone, 'a.yaml'), 'not committed')
      const url = `file://${clone}`

      const files = [{ path: 'a.yaml', text: 'a' }]
      for (const ref of ['main', 'v1', undefined]) {
        expect(await local({ url, ref }).latestCommit()).toBe(commit)
        expect(await local({ url, ref }).read()).toEqual({ commit, files })
      }
      await server.git('-C', clone, 'gc', '--quiet')
      await server.git('-C', clone, 'pack-refs', '--all')
      expect(await local({ url }).read()).toEqual({ commit, files })
      await rm(clone, { recursive: true })
    })

    it('say what is wrong with the place', async () => {
      await server.commit({ 'a.yaml': 'a' })
      await expect(local({ ref: 'mian' }).latestCommit()).rejects.toThrow(
        'did you mean #main?; there are: main',
      )
      await expect(local({ url: `file://${temporaryFolder}` }).read()).rejects.toThrow(
        'is not a git repository',
      )
      await expect(local({ url: `file://${temporaryFolder}/no` }).read()).rejects.toThrow(PermanentError)
      await expect(local({ folder: 'rules' }).read()).rejects.toThrow('there is no folder rules')
      const tree = join(temporaryFolder, 'tree')
      await server.git('worktree', 'add', '--quiet', tree, 'main')
      await expect(local({ url: `file://${tree}` }).latestCommit()).rejects.toThrow('is a linked worktree')
      await rm(tree, { recursive: true })
    })

    it('are read through a link to the clone', async () => {
      const commit = await server.commit({ 'a.yaml': 'a' })
      const link = join(temporaryFolder, 'link')
      await symlink(server.folder, link)
      expect(await local({ url: `file://${link}` }).latestCommit()).toBe(commit)
      await rm(link)
    })
  })
})

function manyFiles(count: number, text: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`many/${index}.yaml`, text]))
}
