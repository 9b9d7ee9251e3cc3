/** The rules that a plan starts from. */
import { z } from 'zod'
import { SECOND } from '../../core/time.ts'
import { readRulesAtReference } from '../../git/rules-at-reference.ts'
import type { Running } from '../running.ts'
import { UsageError } from '../usage-error.ts'

export interface OldRules {
  /** Where they come from, for people. */
  label: string
  /** None: there were no rules. */
  files: { path: string; text: string }[]
}

interface Wanted {
  /** A git reference. */
  base: string | undefined
  /** The address of a service. */
  against: string | undefined
  running: Running | undefined
  folder: string
}

const TIMEOUT_MS = 30 * SECOND
/** 200 rule files of a size that no person would write. */
const MAX_ANSWER_LENGTH = 64 * 1024 * 1024
const SHORT_COMMIT = 10

const offered = z.object({ files: z.array(z.object({ path: z.string(), text: z.string() })) })

/**
 * Those of the git reference or of the service where one is given; else those of the service that runs here; else
 * those of the last commit; else none. Throws UsageError where what is asked for is not to be had.
 */
export async function readOldRules({ base, against, running, folder }: Wanted): Promise<OldRules> {
  if (against !== undefined) return fromService(against)
  if (base !== undefined) {
    const rules = await fromGit(folder, base)
    if (rules !== undefined) return rules
    throw new UsageError(`--base ${base}: ${folder} is in no git repository`)
  }
  if (running !== undefined) return fromService(running.service)
  return (await fromGit(folder, 'HEAD')) ?? { label: `none, as ${folder} is in no git repository`, files: [] }
}

async function fromGit(folder: string, reference: string): Promise<OldRules | undefined> {
  const found = await readRulesAtReference(folder, reference).catch(error => {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  })
  if (found === undefined) return undefined
  const commit = found.commit.slice(0, SHORT_COMMIT)
  const where = found.commit.startsWith(reference) ? commit : `${reference} (${commit})`
  return { label: found.files.length === 0 ? `none at ${where}` : where, files: found.files }
}

/** The address may carry the function key, as `?code=`; messages leave it out. */
async function fromService(address: string): Promise<OldRules> {
  const { endpoint, shown, key } = endpointOf(address)
  const response = await fetch(endpoint, {
    // The key is for this address alone.
    redirect: 'error',
    headers: key === null ? {} : { 'x-functions-key': key },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw new UsageError(`no answer from ${shown}; is Lakemark running there?`)
  })
  if (response.status === 401 || response.status === 403) {
    throw new UsageError(`${shown} asks for a function key: add ?code=… to its address`)
  }
  const answer = parseAnswer(await response.text())
  if (response.ok && answer !== undefined) return { label: `the service at ${shown}`, files: answer.files }
  throw new UsageError(
    `the service at ${shown} does not offer its rules (${response.status} from /api/rules?include=files); ` +
      'it may be an older one: give --base and a git reference instead',
  )
}

function endpointOf(address: string): { endpoint: URL; shown: string; key: string | null } {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '') {
    throw new UsageError('--against: expected the http or https address of a service')
  }
  const shown = url.origin + url.pathname.replace(/\/+$/, '')
  return { endpoint: new URL(`${shown}/api/rules?include=files`), shown, key: url.searchParams.get('code') }
}

function parseAnswer(text: string): z.infer<typeof offered> | undefined {
  if (text.length > MAX_ANSWER_LENGTH) return undefined
  try {
    return offered.safeParse(JSON.parse(text)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
