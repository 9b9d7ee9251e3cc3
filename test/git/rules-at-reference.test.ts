import * as fs from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { add, branch, commit, init, writeRef } from 'isomorphic-git'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRulesAtReference } from '../../src/git/rules-at-reference.ts'

describe('the rules at a reference', () => {
  let dir: string
  const ids: string[] = []

  /** Writes files, undefined takes none away, and commits all. */
  async function committed(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(dir, path, '..'), { recursive: true })
      await writeFile(join(dir, path), text)
      await add({ fs, dir, filepath: path })
    }
    const author = {
      name: 'A',
      email: 'a@example.com',
      timestamp: 1_700_000_000 + ids.length,
      timezoneOffset: 0,
    }
    ids.push(await commit({ fs, dir, message: `commit ${ids.length}`, author }))
  }

  const read = async (reference: string, folder = 'rules') => {
    const found = await readRulesAtReference(join(dir, folder), reference)
    return found && { ...found, files: Object.fromEntries(found.files.map(({ path, text }) => [path, text])) }
  }

  beforeAll(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), 'lakemark-git-')))
    await init({ fs, dir, defaultBranch: 'main' })
    await committed({ 'README.md': 'x' })
    await committed({
      'rules/a.yaml': 'one',
      'rules/deep/b.yml': 'ü',
      'rules/tests/t.yaml': 'x',
      'rules/notes.txt': 'x',
    })
    await branch({ fs, dir, ref: 'feature/x' })
    await committed({ 'rules/a.yaml': 'two' })
    await symlink('a.yaml', join(dir, 'rules/link.yaml'))
    await add({ fs, dir, filepath: 'rules/link.yaml' })
    await committed({})
    await writeRef({ fs, dir, ref: 'refs/remotes/origin/main', value: ids[1] ?? '' })
    // What is not committed does not count.
    await writeFile(join(dir, 'rules/a.yaml'), 'three')
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  it.each(['HEAD', 'main'])(
    'of %s are those of the last commit: no examples, no links, nothing else',
    async reference => {
      expect(await read(reference)).toEqual({
        commit: ids[3],
        files: { [`${reference}:rules/a.yaml`]: 'two', [`${reference}:rules/deep/b.yml`]: 'ü' },
      })
    },
  )

  it.each([
    ['feature/x', 1],
    ['origin/main', 1],
    ['HEAD~2', 1],
    ['HEAD^^', 1],
    ['main~1^', 1],
    ['HEAD~0', 3],
  ])('are found by %s', async (reference, index) => {
    expect((await read(reference))?.commit).toBe(ids[index])
  })

  it('are found by a whole or shortened id', async () => {
    for (const id of [ids[1], ids[1]?.slice(0, 7)]) expect((await read(String(id)))?.commit).toBe(ids[1])
  })

  it('are none where the commit has no such folder', async () => {
    expect(await read('HEAD~3')).toEqual({ commit: ids[0], files: {} })
    expect(await read('HEAD', 'rules/nowhere')).toEqual({ commit: ids[3], files: {} })
  })

  it('may lie at the root of the repository, or deep in it', async () => {
    expect(Object.keys((await read('HEAD', '.'))?.files ?? {})).toEqual([
      'HEAD:rules/a.yaml',
      'HEAD:rules/deep/b.yml',
    ])
    expect((await read('HEAD', 'rules/deep'))?.files).toEqual({ 'HEAD:rules/deep/b.yml': 'ü' })
  })

  it('are undefined outside a repository', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'lakemark-'))
    expect(await readRulesAtReference(outside, 'HEAD')).toBeUndefined()
    await rm(outside, { recursive: true })
  })

  it.each(['nowhere', 'HEAD~4', 'HEAD~99999', '', '..', 'abcdef1', '../../etc/passwd', '-x'])(
    'of %j are a problem that says what would be right',
    async reference => {
      await expect(read(reference)).rejects.toThrow(
        /not a commit in the git repository .* give a branch, a tag/,
      )
    },
  )

  it('are found from a linked work tree, by its own HEAD', async () => {
    const linked = join(dir, '..', `${dir.split('/').pop()}-linked`)
    const own = join(dir, '.git/worktrees/linked')
    await mkdir(own, { recursive: true })
    await mkdir(join(linked, 'rules'), { recursive: true })
    await writeFile(join(linked, '.git'), `gitdir: ${own}\n`)
    await writeFile(join(own, 'commondir'), '../..\n')
    await writeFile(join(own, 'HEAD'), 'ref: refs/heads/feature/x\n')
    const commitOf = async (reference: string) =>
      (await readRulesAtReference(join(linked, 'rules'), reference))?.commit
    expect([await commitOf('HEAD'), await commitOf('main')]).toEqual([ids[1], ids[3]])
    await writeFile(join(own, 'HEAD'), `${ids[2]}\n`)
    expect(await commitOf('HEAD')).toBe(ids[2])
    await rm(linked, { recursive: true })
  })
})
