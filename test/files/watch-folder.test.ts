import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchFolder } from '../../src/files/watch-folder.ts'

const DEADLINE = { timeout: 10_000, interval: 20 }

describe('a folder that is watched', () => {
  let parent: string
  let folder: string
  let calls: number
  let stop: () => void

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'lakemark-watch-'))
    folder = join(parent, 'rules')
    await mkdir(join(folder, 'team'), { recursive: true })
    await writeFile(join(folder, 'a.yaml'), '1')
    await writeFile(join(folder, 'team', 'b.yaml'), '1')
    calls = 0
    stop = watchFolder(folder, () => {
      calls += 1
    })
  })
  afterEach(async () => {
    stop()
    await rm(parent, { recursive: true })
  })

  async function isNoticed(change: () => Promise<unknown>) {
    const before = calls
    await change()
    await vi.waitFor(() => expect(calls).toBeGreaterThan(before), DEADLINE)
  }

  /** As many editors save: the file is another one afterwards. */
  async function replace(path: string, text: string) {
    await writeFile(join(parent, 'new'), text)
    await rename(join(parent, 'new'), join(folder, path))
  }

  it.each(['a.yaml', 'team/b.yaml'])(
    'tells of %s, written in place before and after it was replaced',
    async path => {
      await isNoticed(() => writeFile(join(folder, path), '2'))
      await isNoticed(() => replace(path, '3'))
      await isNoticed(() => writeFile(join(folder, path), '4'))
      await isNoticed(() => rm(join(folder, path)))
    },
  )

  it('tells of files in folders that came later', async () => {
    await isNoticed(() => mkdir(join(folder, 'later', 'deep'), { recursive: true }))
    await isNoticed(() => writeFile(join(folder, 'later', 'deep', 'c.yaml'), '1'))
    await isNoticed(() => writeFile(join(folder, 'later', 'deep', 'c.yaml'), '2'))
  })

  it('goes on where the folder was replaced as a whole', async () => {
    await mkdir(join(parent, 'other'))
    await isNoticed(() => rename(folder, join(parent, 'old')))
    await isNoticed(() => rename(join(parent, 'other'), folder))
    await isNoticed(() => writeFile(join(folder, 'a.yaml'), '2'))
  })
})
