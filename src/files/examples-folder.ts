import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { isNotFound } from './not-found.ts'

/** Beside the rule files. */
const FOLDER = 'tests'

/** The example files of a folder of rules: `tests/**.yaml`, in the order of their names; none where there are none. */
export async function readExamplesFolder(rulesFolder: string): Promise<{ path: string; text: string }[]> {
  const folder = join(rulesFolder, FOLDER)
  const names = await listFiles(folder)
  return readExampleFiles(
    names
      .filter(name => /\.ya?ml$/i.test(name))
      .sort()
      .map(name => join(folder, name)),
  )
}

/** `path` is as people write it, from where they stand. */
export async function readExampleFiles(files: readonly string[]): Promise<{ path: string; text: string }[]> {
  return Promise.all(
    files.map(async file => ({ path: relative('.', file), text: await readFile(file, 'utf8') })),
  )
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries
      .filter(entry => entry.isFile() || entry.isSymbolicLink())
      .map(entry => relative(folder, join(entry.parentPath, entry.name)))
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}
