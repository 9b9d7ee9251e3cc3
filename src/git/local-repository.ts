import fs from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Errors, listBranches, readCommit, resolveRef } from 'isomorphic-git'
import { PermanentError } from '../core/errors.ts'
import { missingRef, type Repository } from './repository.ts'

/**
 * A clone on this machine, bare or not; read where it lies, without a copy. What is not committed is not read.
 * `url`: `file:///path/to/clone`.
 */
export function createLocalRepository({ url, ref }: { url: string; ref: string | undefined }): Repository {
  const folder = fileURLToPath(url)

  async function newest() {
    const gitdir = await findGitdir(folder)
    return { gitdir, commit: await resolve(gitdir, ref) }
  }

  return {
    latestCommit: async () => (await newest()).commit,
    withNewest: async use => use(await newest()),
  }
}

async function findGitdir(folder: string): Promise<string> {
  const inside = await stat(join(folder, '.git')).catch(absent)
  if (inside?.isDirectory()) return join(folder, '.git')
  if (inside !== undefined) {
    throw new PermanentError(
      `${folder} is a linked worktree or a submodule; give the clone that it belongs to`,
    )
  }
  const bare = await Promise.all([stat(join(folder, 'HEAD')), stat(join(folder, 'objects'))]).catch(absent)
  if (bare !== undefined) return folder
  throw new PermanentError(`${folder} is not a git repository; give the folder of a clone`)
}

async function resolve(gitdir: string, ref: string | undefined): Promise<string> {
  const names = ref === undefined ? ['HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}`]
  for (const name of names) {
    const oid = await resolveRef({ fs, gitdir, ref: name }).catch(error => {
      if (error instanceof Errors.NotFoundError) return undefined
      throw error
    })
    // An annotated tag is an object of its own, which leads to the commit.
    if (oid !== undefined) return (await readCommit({ fs, gitdir, oid })).oid
  }
  throw missingRef(ref, await listBranches({ fs, gitdir }))
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
    return undefined
  throw error
}
