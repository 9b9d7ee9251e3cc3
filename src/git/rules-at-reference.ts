import fs from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { Errors, expandOid, findRoot, readCommit, readTree, resolveRef } from 'isomorphic-git'
import type { RuleFile } from '../app/ports.ts'
import { PermanentError, reasonOf } from '../core/errors.ts'
import { readRuleFiles } from './rule-files.ts'

/** The rule files of a folder as they are in a commit of the clone that holds the folder. */
export interface RulesAtReference {
  /** The whole id of the commit. */
  commit: string
  /** `path` begins with the reference: `main:rules/sales.yaml`. None: the commit has no such folder. */
  files: RuleFile[]
}

/** Steps back from a commit, as in `HEAD~3`. */
const MAX_STEPS_BACK = 10_000

interface Clone {
  /** With the objects and the branches. */
  gitdir: string
  /** What HEAD stands for. */
  head: string
}

/**
 * Undefined: the folder is in no clone. The reference is a branch, a remote branch, a tag, a whole or shortened
 * id, each with `~3` and `^` behind it. Rejects with PermanentError, which says what would be right, where it
 * leads nowhere.
 */
export async function readRulesAtReference(
  folder: string,
  reference: string,
): Promise<RulesAtReference | undefined> {
  const root = await rootOf(resolve(folder))
  if (root === undefined) return undefined
  const clone = await openClone(root)
  const objects = { gitdir: clone.gitdir, commit: await commitOf(clone, reference) }
  const inside = relative(root, resolve(folder)).split(sep).join('/')
  const files = (await hasFolder(objects, inside)) ? await readRuleFiles(objects, inside) : []
  return {
    commit: objects.commit,
    files: files.map(({ path, text }) => ({ path: `${reference}:${path}`, text })),
  }
}

async function rootOf(folder: string): Promise<string | undefined> {
  try {
    return await findRoot({ fs, filepath: folder })
  } catch (error) {
    if (error instanceof Errors.NotFoundError) return undefined
    throw error
  }
}

/** In a linked work tree `.git` is a file that leads to a directory of its own, and that one to the common one. */
async function openClone(root: string): Promise<Clone> {
  const place = join(root, '.git')
  if ((await stat(place)).isDirectory()) return { gitdir: place, head: 'HEAD' }
  const [, to = ''] = /^gitdir: (.*)$/m.exec(await readFile(place, 'utf8')) ?? []
  const own = resolve(root, to)
  const head = await readFile(join(own, 'HEAD'), 'utf8')
  return { gitdir: resolve(own, await commonOf(own)), head: head.trim().replace(/^ref: /, '') }
}

/** A submodule has none. */
async function commonOf(gitdir: string): Promise<string> {
  try {
    return (await readFile(join(gitdir, 'commondir'), 'utf8')).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '.'
    throw error
  }
}

async function commitOf({ gitdir, head }: Clone, reference: string): Promise<string> {
  const [, name = '', steps = ''] = /^(.*?)((?:~\d{0,5}|\^)*)$/s.exec(reference) ?? []
  const at = { fs, gitdir, cache: {} }
  try {
    let { oid, commit } = await readCommit({ ...at, oid: await idOf(gitdir, name === 'HEAD' ? head : name) })
    for (let back = stepsBack(steps); back > 0; back -= 1) {
      const [parent] = commit.parent
      if (parent === undefined) throw new Error('the history ends before')
      ;({ oid, commit } = await readCommit({ ...at, oid: parent }))
    }
    return oid
  } catch (cause) {
    throw new PermanentError(
      `${reference}: not a commit in the git repository ${gitdir} (${reasonOf(cause)}); ` +
        'give a branch, a tag or a commit; a shallow clone may have to fetch it first',
      { cause },
    )
  }
}

async function idOf(gitdir: string, name: string): Promise<string> {
  try {
    return await resolveRef({ fs, gitdir, ref: name })
  } catch (error) {
    if (!(error instanceof Errors.NotFoundError) || !/^[0-9a-f]{4,40}$/.test(name)) throw error
    return expandOid({ fs, gitdir, oid: name })
  }
}

/** First parents only. */
function stepsBack(steps: string): number {
  const all = [...steps.matchAll(/~(\d*)|\^/g)].map(([, count]) => (count ? Number(count) : 1))
  const back = all.reduce((sum, count) => sum + count, 0)
  if (back > MAX_STEPS_BACK) throw new Error(`more than ${MAX_STEPS_BACK} commits back`)
  return back
}

async function hasFolder({ gitdir, commit }: { gitdir: string; commit: string }, folder: string) {
  try {
    await readTree({ fs, gitdir, oid: commit, ...(folder === '' ? {} : { filepath: folder }) })
    return true
  } catch (error) {
    if (error instanceof Errors.NotFoundError || error instanceof Errors.ObjectTypeError) return false
    throw error
  }
}
