import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addRemote,
  Errors,
  fetch as fetchPack,
  init,
  listServerRefs,
  readCommit,
  type ServerRef,
} from 'isomorphic-git'
import { PermanentError, TransientError } from '../core/errors.ts'
import { withDefaultBranch } from './default-branch.ts'
import { createGitAuth } from './git-auth.ts'
import { createGitHttp } from './git-http.ts'
import { missingRef, type Repository } from './repository.ts'

export interface RemoteOptions {
  /** `https:` or `http:`. */
  url: string
  ref: string | undefined
  token: (() => Promise<string | undefined>) | undefined
  temporaryFolder: string | undefined
  /** In all, with every request, redirect and repetition. */
  limits: { latestMs: number; readMs: number }
}

/** What the calls to the server have in common. */
type Connection = ReturnType<typeof connect>

/**
 * A repository behind HTTP. Nothing is kept between two reads: each fetches one commit into a fresh temporary folder,
 * so that a branch that was rewritten, deleted or made anew is like any other.
 */
export function createRemoteRepository(options: RemoteOptions): Repository {
  const { ref, limits } = options
  return {
    latestCommit: () =>
      within(limits.latestMs, async signal => (await resolve(connect(options, signal), ref)).commit),
    withNewest: use =>
      within(limits.readMs, async signal => {
        const connection = connect(options, signal)
        const { name } = await resolve(connection, ref)
        return withFolder(options.temporaryFolder ?? tmpdir(), async gitdir =>
          use({ gitdir, commit: await fetchCommit(connection, gitdir, name) }),
        )
      }),
  }
}

function connect({ url, token }: RemoteOptions, signal: AbortSignal) {
  return { url, http: createGitHttp(signal), ...createGitAuth({ url, token, signal }) }
}

/** The full name of the branch or tag, and its commit. Asks only for the names that begin like it. */
async function resolve(
  connection: Connection,
  ref: string | undefined,
): Promise<{ name: string; commit: string }> {
  const names = ref === undefined ? ['HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}`]
  for (const name of names) {
    const found = (await listRefs(connection, name)).find(it => it.ref === name)
    if (found !== undefined) return { name, commit: found.peeled ?? found.oid }
  }
  const heads = 'refs/heads/'
  const branches = (await listRefs(connection, heads)).map(it => it.ref.slice(heads.length))
  throw missingRef(ref, branches)
}

async function listRefs(connection: Connection, prefix: string): Promise<ServerRef[]> {
  try {
    return await listServerRefs({ ...connection, prefix, peelTags: true })
  } catch (error) {
    throw fromGit(error)
  }
}

/** One commit without its history. The commit may be newer than the one that was resolved. */
async function fetchCommit(connection: Connection, gitdir: string, name: string): Promise<string> {
  try {
    await init({ fs, gitdir, bare: true })
    await addRemote({ fs, gitdir, remote: 'origin', url: connection.url })
    const http = name === 'HEAD' ? connection.http : withDefaultBranch(connection.http, name)
    const wanted = { ref: name, remoteRef: name, singleBranch: true, depth: 1, tags: false }
    const { fetchHead } = await fetchPack({ fs, gitdir, ...connection, http, ...wanted })
    if (fetchHead === null) throw new TransientError('the repository became empty while it was read')
    return (await readCommit({ fs, gitdir, oid: fetchHead })).oid
  } catch (error) {
    // Gone since it was resolved, or rewritten since the server named it: the next read knows.
    if (error instanceof Errors.NotFoundError) {
      throw new TransientError('the branch changed while it was read', { cause: error })
    }
    throw fromGit(error)
  }
}

/** What the library says of an answer that it cannot read. Its messages and data quote the answer: only the code is told. */
function fromGit(error: unknown): unknown {
  if (error instanceof TransientError || error instanceof PermanentError) return error
  if (error instanceof Errors.RemoteCapabilityError) {
    return new PermanentError('the server cannot send one commit without its history (no "shallow")')
  }
  const code = error instanceof Error && 'code' in error ? `: ${String(error.code)}` : ''
  return new TransientError(`the server's answer could not be read${code}`)
}

async function withFolder<T>(parent: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, 'lakemark-rules-')).catch(cause => {
    throw new TransientError(`no temporary folder can be made in ${parent}: ${cause.code}`, { cause })
  })
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function within<T>(limitMs: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const late = () => controller.abort(new TransientError(`no whole answer within ${limitMs / 1000} s`))
  const timer = setTimeout(late, limitMs)
  try {
    return await run(controller.signal)
  } finally {
    clearTimeout(timer)
  }
}
