import { isLegalDataPath } from '../naming.ts'
import { compilePattern, escapePattern, type Pattern } from '../patterns/pattern.ts'

/** Where a dataset lies in its filesystem. */
export interface DatasetPath {
  /** The path names one thing, which may be a file: only the lake knows. Without a slash at either end. */
  plain: string | undefined
  /** What a version of the dataset points to, unless it is a file; '' is the filesystem's root. */
  folder: string
  /** The files that belong to it, unless it is a file itself. */
  pattern: Pattern
  /** What their paths begin with. */
  prefix: string
}

/** The longest name of a blob. */
export const MAX_DATASET_PATH_LENGTH = 1024
/** Where a wildcard, a choice or an extglob begins. */
const WILDCARD = /[*?[{]|[!@+]\(/

/**
 * A path as the requests have it, from the filesystem's root: `/` at its start is taken for the root, one at its end
 * says that it is a folder, and `*`, `**`, `?`, `[…]` and `{a,b}` mean what they mean in rules. The reason repeats
 * nothing of the path, which may be an address with a signature in it.
 */
export function parseDatasetPath(text: string): DatasetPath | { problem: string } {
  const path = text.replace(/^\//, '')
  const problem = problemOf(text, path)
  if (problem !== undefined) return { problem }
  if (!WILDCARD.test(path)) return toFolder(path)
  return toGlob(path.endsWith('/') ? `${path}**` : path)
}

/** The pattern of everything below a folder; '' is the root. */
export function everythingIn(folder: string): string {
  return folder === '' ? '**' : `${escapePattern(folder)}/**`
}

function problemOf(text: string, path: string): string | undefined {
  if (text === '') return 'is empty; / is the whole filesystem'
  if (text.length > MAX_DATASET_PATH_LENGTH) return `is longer than ${MAX_DATASET_PATH_LENGTH} characters`
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    return 'is an address; write the path within the filesystem, such as sales/eu/*.csv'
  }
  if (path.includes('\\'))
    return 'holds a backslash; write / between folders, and [*] for a star that is meant'
  const legal = isLegalDataPath(path.replace(/\/$/, ''))
  return legal.ok ? undefined : legal.reason
}

function toFolder(path: string): DatasetPath | { problem: string } {
  const folder = path.replace(/\/$/, '')
  const pattern = compilePattern(everythingIn(folder))
  if ('problem' in pattern) return pattern
  const isFolder = folder !== path || folder === ''
  return {
    plain: isFolder ? undefined : path,
    folder,
    pattern,
    prefix: folder === '' ? '' : `${folder}/`,
  }
}

function toGlob(path: string): DatasetPath | { problem: string } {
  const pattern = compilePattern(path)
  if ('problem' in pattern) return pattern
  const [capture] = pattern.captureNames
  if (capture !== undefined) {
    return { problem: `{${capture}} captures nothing here, as a dataset is one asset; write * instead` }
  }
  const prefix = path.slice(0, path.search(WILDCARD))
  return { plain: undefined, folder: prefix.slice(0, Math.max(0, prefix.lastIndexOf('/'))), pattern, prefix }
}
