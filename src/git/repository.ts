import { PermanentError } from '../core/errors.ts'
import { didYouMean } from '../core/rules/suggestion.ts'

/** What rules are read of: the tip of one branch or tag, here or far away. */
export interface Repository {
  /** The commit that the branch or tag points to now. */
  latestCommit(): Promise<string>
  /** Hands over the newest commit's objects, which are gone when `use` has ended. */
  withNewest<T>(use: (objects: CommitObjects) => Promise<T>): Promise<T>
}

/** A commit whose trees and files can be read. */
export interface CommitObjects {
  gitdir: string
  commit: string
}

const MAX_NAMES_SHOWN = 10
const MAX_NAME_LENGTH = 100

/** The branch or tag is not there. `branches`: the ones that are. */
export function missingRef(ref: string | undefined, branches: readonly string[]): PermanentError {
  if (branches.length === 0)
    return new PermanentError('the repository has no branches yet; push the rules to it')
  const { hint } = didYouMean(ref ?? '', branches, branch => `#${branch}`)
  const what =
    ref === undefined
      ? 'the repository has no default branch; name one, as in #main'
      : `there is no branch or tag ${ref}; ${hint === '' ? '' : hint.trim()}`
  return new PermanentError(`${what.replace(/; ?$/, '')}; there are: ${listNames(branches)}`)
}

/** Bounded, for people. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES_SHOWN).map(name => name.slice(0, MAX_NAME_LENGTH))
  const more = names.length - shown.length
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`
}
