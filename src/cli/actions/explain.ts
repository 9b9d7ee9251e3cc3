import { type FileExplanation, toFileExplanation } from '../../app/questions/explain.ts'
import { readConfig } from '../../config.ts'
import { parseBlobAddress } from '../../core/blob-url.ts'
import { explainMatch } from '../../core/explain/explain-match.ts'
import { loadRules } from '../../load-rules.ts'
import type { JsonOption, ServiceOptions } from '../command.ts'
import { formatExplanation } from '../explanation-text.ts'
import { rulesFolder } from '../rules-place.ts'
import { findRunning } from '../running.ts'
import { openService } from '../service/client.ts'
import { NoAnswerError } from '../service/exchange.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { UsageError } from '../usage-error.ts'

/**
 * Prints why a file is or is not registered: by the service, with what its ledger knows; or, where none is named and
 * none runs here, by the rules folder alone. `container/path` without an account is the container of that name that
 * the rules name.
 */
export async function explain(
  address: string,
  { json = false, ...options }: JsonOption & ServiceOptions,
): Promise<void> {
  const explained = (await byService(address, options)) ?? (await byRules(address))
  console.log(json ? toJsonText(explained) : formatExplanation(explained))
}

/** Undefined: none is named, and none runs here. */
async function byService(address: string, options: ServiceOptions): Promise<FileExplanation | undefined> {
  const service = await openService(options)
  try {
    return await service.call<FileExplanation>('explain', { query: { url: address } })
  } catch (error) {
    if (!(error instanceof NoAnswerError) || !service.address.isLocal) throw error
    const isRunning = (await findRunning(readConfig().home)) !== undefined
    if (isRunning) throw error
    return undefined
  }
}

async function byRules(address: string): Promise<FileExplanation> {
  const { rules: place, rulesCommit, cloud } = readConfig()
  const { rules } = await loadRules(rulesFolder(place), rulesCommit, cloud)
  const parsed = parseBlobAddress(address, rules.rules, cloud)
  if ('problem' in parsed) throw new UsageError(`URL-or-PATH: ${parsed.problem}`, 2)
  return toFileExplanation(explainMatch(rules, parsed.ref), rulesCommit)
}
