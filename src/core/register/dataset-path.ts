import { isLegalDataPath } from '../naming.ts'
import { compilePattern, escapePattern } from '../patterns/pattern.ts'

/** Where a dataset lies in its filesystem. */
export interface DatasetPath {
  /** The path names one thing, which may be a file: only the lake knows. Without a slash at either end. */
  plain: string | undefined
  /** What a version of the dataset points to, unless it is a file; '' is the filesystem's root. */
  folder: string
  /** The files that belong to it, unless it is a file itself. */
  pattern: string
  /** What their paths begin with. */
  prefix: string
}

/** The longest name of a blob. */
export const MAX_DATASET_PATH_LENGTH = 1024
/** Of one path: a request has up to two hundred, and none may keep the process from its work. */
const MAX_ALTERNATIVES = 100
/** Where a wildcard, a choice or an extglob begins. */
const WILDCARD = /[*?[{]|[!@+]\(/

/**
 * A path as the requests have it, from the filesystem's root: `/` at its start is taken for the root, one at its end
 * says that it is a folder, and `*`, `**`, `?`, `[…]` and `{a,b}` mean what they mean in rules. The reason repeats
 * nothing of the path, which may be an address with a signature in it.
 */
export function parseDatasetPath(text: string): DatasetPath | { problem: string } {
  const problem = problemOf(text, text.replace(/^\//, ''))
  if (problem !== undefined) return { problem }
  const place = toDatasetPath(text)
  const pattern = compilePattern(place.pattern, MAX_ALTERNATIVES)
  if ('problem' in pattern) return pattern
  const [capture] = pattern.captureNames
  if (capture === undefined) return place
  return { problem: `{${capture}} captures nothing here, as a dataset is one asset; write * instead` }
}

/** The same of a path that was parsed before: compiling its pattern, of which there may be hundreds, is spared. */
export function toDatasetPath(text: string): DatasetPath {
  const path = text.replace(/^\//, '')
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

function toFolder(path: string): DatasetPath {
  const folder = path.replace(/\/$/, '')
  const isFolder = folder !== path || folder === ''
  return {
    plain: isFolder ? undefined : path,
    folder,
    pattern: everythingIn(folder),
    prefix: folder === '' ? '' : `${folder}/`,
  }
}

function toGlob(pattern: string): DatasetPath {
  const prefix = pattern.slice(0, pattern.search(WILDCARD))
  return { plain: undefined, folder: prefix.slice(0, Math.max(0, prefix.lastIndexOf('/'))), pattern, prefix }
}
