import type { RulesSource } from '../app/ports.ts'
import { PermanentError, reasonOf, TransientError } from '../core/errors.ts'
import { MINUTE, SECOND } from '../core/time.ts'
import { createLocalRepository } from './local-repository.ts'
import { createRemoteRepository } from './remote-repository.ts'
import { readRuleFiles } from './rule-files.ts'

/** Asked every minute: it must not pile up. */
const LATEST_MS = 20 * SECOND
const READ_MS = 2 * MINUTE

export interface GitRulesOptions {
  /** As `parseRulesAddress` gives it: `https:`, `http:` or `file:`, without credentials. */
  url: string
  /** A branch or tag; undefined: the default branch. */
  ref: string | undefined
  /** From the repository's root; '': the root. */
  folder: string
  /** Asked for only when the server asks who is there. Undefined: there is none. Its errors are handed on. */
  token?: (() => Promise<string | undefined>) | undefined
  /** Where a commit is fetched to and removed again; default: the system's. */
  temporaryFolder?: string | undefined
  /** For tests: time-outs in milliseconds of a whole `latestCommit` and `read`. */
  limits?: { latestMs: number; readMs: number } | undefined
}

/**
 * Rule files in a git repository, at the tip of a branch. TransientError: the server is down, slow or out of its mind,
 * or the branch changed meanwhile. PermanentError, with what would be right: no such repository, branch or folder,
 * the token is missing or refused, a file is too large or not UTF-8. Errors begin with the repository's address and
 * never hold the token.
 */
export function createGitRules(options: GitRulesOptions): RulesSource {
  const { url, ref, folder, token, temporaryFolder } = options
  const limits = options.limits ?? { latestMs: LATEST_MS, readMs: READ_MS }
  const repository = url.startsWith('file:')
    ? createLocalRepository({ url, ref })
    : createRemoteRepository({ url, ref, token, temporaryFolder, limits })
  return {
    address: `${url}#${ref ?? 'HEAD'}:${folder}`,
    latestCommit: () => named(url, repository.latestCommit()),
    read: () =>
      named(
        url,
        repository.withNewest(async objects => ({
          commit: objects.commit,
          files: await readRuleFiles(objects, folder),
        })),
      ),
  }
}

/** Whoever reads the error knows which repository it is about. What is no trouble of the repository's stays as it is. */
async function named<T>(url: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    const message = `rules of ${url}: ${reasonOf(error, 1000)}`
    if (error instanceof PermanentError) throw new PermanentError(message, { cause: error.cause })
    if (error instanceof TransientError) {
      throw new TransientError(message, { cause: error.cause, retryAfterMs: error.retryAfterMs })
    }
    throw error
  }
}
