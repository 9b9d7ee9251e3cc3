import fs from 'node:fs'
import { readBlob, readTree, type TreeEntry } from 'isomorphic-git'
import type { RuleFile } from '../app/ports.ts'
import { PermanentError } from '../core/errors.ts'
import { didYouMean } from '../core/rules/suggestion.ts'
import { formatMegabytes, MEGABYTE } from './megabytes.ts'
import { type CommitObjects, listNames } from './repository.ts'

/** More than a rule set may have, so that the check of the rules is the first to say so. */
const MAX_FILES = 1000
const MAX_FILE_BYTES = MEGABYTE
const MAX_TOTAL_BYTES = 8 * MEGABYTE
/** Folders within folders, from the folder of the rules. */
const MAX_DEPTH = 20
/** Files and folders looked at, whatever they are. */
const MAX_ENTRIES = 50_000

/** Examples beside the rules, not rules. */
const EXAMPLES = 'tests'

/**
 * The rule files of a commit: `*.yaml` and `*.yml` in a folder and the folders in it, in the order of their names,
 * without what lies in `tests/`: the same ones as of a folder on disk. Symbolic links and submodules are not followed.
 * `path` is from the repository's root. Rejects with PermanentError where the folder is missing, a limit is
 * exceeded or a file is not UTF-8.
 */
export async function readRuleFiles(objects: CommitObjects, folder: string): Promise<RuleFile[]> {
  const read = createReader(objects)
  const found = await listFiles(read, await findFolder(read, folder), folder)
  const files: RuleFile[] = []
  let totalBytes = 0
  for (const { path, oid } of found) {
    const bytes = await read.file(oid)
    if (bytes.byteLength > MAX_FILE_BYTES) {
      const size = formatMegabytes(bytes.byteLength)
      throw new PermanentError(
        `${path} has ${size}; a rule file has at most ${formatMegabytes(MAX_FILE_BYTES)}`,
      )
    }
    totalBytes += bytes.byteLength
    if (totalBytes > MAX_TOTAL_BYTES) {
      throw new PermanentError(`the rule files have more than ${formatMegabytes(MAX_TOTAL_BYTES)} together`)
    }
    files.push({ path, text: toText(bytes, path) })
  }
  return files
}

type Reader = ReturnType<typeof createReader>

function createReader({ gitdir, commit }: CommitObjects) {
  const at = { fs, gitdir, cache: {} }
  return {
    root: commit,
    /** A commit stands for its root folder. */
    folder: async (oid: string) => (await readTree({ ...at, oid })).tree,
    file: async (oid: string) => (await readBlob({ ...at, oid })).blob,
  }
}

async function findFolder(read: Reader, folder: string): Promise<string> {
  let oid = read.root
  for (const name of folder.split('/').filter(segment => segment !== '')) {
    const entries = await read.folder(oid)
    const entry = entries.find(({ path }) => path === name)
    if (entry?.type !== 'tree') throw missingFolder(folder, name, entries, read.root)
    oid = entry.oid
  }
  return oid
}

function missingFolder(folder: string, name: string, entries: TreeEntry[], commit: string): PermanentError {
  const folders = entries.filter(({ type }) => type === 'tree').map(({ path }) => path)
  const { hint } = didYouMean(name, folders)
  const beside = folders.length === 0 ? 'there are no folders' : `there are: ${listNames(folders)}`
  return new PermanentError(`there is no folder ${folder} in commit ${commit.slice(0, 10)}; ${hint}${beside}`)
}

async function listFiles(
  read: Reader,
  root: string,
  folder: string,
): Promise<{ path: string; oid: string }[]> {
  const found: { path: string; oid: string }[] = []
  const open = [{ oid: root, path: folder, depth: 0 }]
  let entries = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > MAX_DEPTH) throw new PermanentError(`${next.path} lies deeper than ${MAX_DEPTH} folders`)
    for (const { path: name, oid, type, mode } of await read.folder(next.oid)) {
      entries += 1
      if (entries > MAX_ENTRIES) throw new PermanentError(tooMany(`${MAX_ENTRIES} files and folders`, folder))
      const path = next.path === '' ? name : `${next.path}/${name}`
      if (type === 'tree' && name !== EXAMPLES) open.push({ oid, path, depth: next.depth + 1 })
      // A symbolic link is a blob too, told by its mode.
      if (type === 'blob' && mode.startsWith('100') && /\.ya?ml$/i.test(name)) found.push({ path, oid })
    }
    if (found.length > MAX_FILES) throw new PermanentError(tooMany(`${MAX_FILES} rule files`, folder))
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

function tooMany(what: string, folder: string): string {
  const where = folder === '' ? 'the repository' : folder
  return `there are more than ${what} in ${where}; name the folder that holds nothing but rules, as in #main:rules`
}

function toText(bytes: Uint8Array, path: string): string {
  try {
    // The mark at a file's beginning stays, as it does when the file is read from disk.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new PermanentError(`${path} is not UTF-8 text; save it as UTF-8`, { cause })
  }
}
