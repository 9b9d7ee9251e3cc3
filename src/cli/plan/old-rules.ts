/** The rules that a plan starts from. */
import type { RulesView } from '../../functions/routes/rules.ts'
import { readRulesAtReference } from '../../git/rules-at-reference.ts'
import type { ServiceOptions } from '../command.ts'
import type { Running } from '../running.ts'
import { findService, parseServiceAddress, type ServiceAddress } from '../service/address.ts'
import { createService, tokenFor } from '../service/client.ts'
import { RefusedError } from '../service/refusal.ts'
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
  /** The address of a service. It may carry the function key, as `?code=`; messages leave it out. */
  against: string | undefined
  service: ServiceOptions
  running: Running | undefined
  folder: string
}

const OK = 200
const NOT_FOUND = 404
const SHORT_COMMIT = 10

/**
 * Those of the git reference or of the service where one is given; else those of the service that is named or runs
 * here; else those of the last commit; else none. Throws UsageError where what is asked for is not to be had.
 */
export async function readOldRules({ base, against, service, running, folder }: Wanted): Promise<OldRules> {
  if (against !== undefined) {
    return fromService(parseServiceAddress(against, '--against'), service.audience)
  }
  if (base !== undefined) {
    const rules = await fromGit(folder, base)
    if (rules !== undefined) return rules
    throw new UsageError(`--base ${base}: ${folder} is in no git repository`)
  }
  const address = await findService(service.url)
  // This machine's, where none runs, is nobody to ask.
  if (running !== undefined || !address.isLocal) return fromService(address, service.audience)
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

async function fromService(address: ServiceAddress, audience: string | undefined): Promise<OldRules> {
  const { base } = address
  const service = createService({ address, token: tokenFor(address, audience) })
  const { files } = await service.call<RulesView>('rules', { query: { include: 'files' } }).catch(error => {
    throw error instanceof RefusedError && error.status === NOT_FOUND ? tooOld(base, NOT_FOUND) : error
  })
  if (files === undefined) throw tooOld(base, OK)
  return { label: `the service at ${base}`, files }
}

function tooOld(base: string, status: number): UsageError {
  return new UsageError(
    `the service at ${base} does not offer its rules (${status} from /api/rules?include=files); it may be an older one: give --base and a git reference instead`,
  )
}
