import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** Examples beside the rules, not rules. */
const EXAMPLES = 'tests'

/**
 * The rule files of a folder and the folders in it: `*.yaml` and `*.yml`, in the order of their names,
 * without what lies in `tests/`. `path` is as people write it, from where they stand.
 * Rejects with an Error that says what would be right where the folder cannot be read.
 */
export async function readRulesFolder(folder: string): Promise<{ path: string; text: string }[]> {
  const names = await listFiles(folder)
  const files = names
    .filter(name => /\.ya?ml$/i.test(name) && !name.split(sep).slice(0, -1).includes(EXAMPLES))
    .sort()
  return Promise.all(
    files.map(async name => {
      const file = join(folder, name)
      return { path: relative('.', file), text: await readFile(file, 'utf8') }
    }),
  )
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries
      .filter(entry => entry.isFile() || entry.isSymbolicLink())
      .map(entry => relative(folder, join(entry.parentPath, entry.name)))
  } catch (cause) {
    const found = await stat(folder).catch(() => undefined)
    const what = found === undefined ? 'there is no such folder' : 'it is not a folder that can be read'
    throw new Error(`LAKEMARK_RULES: ${folder}: ${what}; give the folder that holds the rule files`, {
      cause,
    })
  }
}
