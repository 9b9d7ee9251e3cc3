import { type FileExplanation, toFileExplanation } from '../app/explain.ts'
import { readConfig } from '../config.ts'
import { parseBlobAddress } from '../core/blob-url.ts'
import { explainMatch } from '../core/explain/explain-match.ts'
import { loadRules } from '../load-rules.ts'
import { formatExplanation } from './explanation-text.ts'
import { toJsonText } from './json-text.ts'
import { rulesFolder } from './rules-place.ts'
import { findRunning } from './running.ts'
import { callService, NoAnswerError } from './service.ts'
import { UsageError } from './usage-error.ts'

/**
 * Prints why a file is or is not registered: by the service that runs here, with what its ledger knows, or else
 * by the rules folder alone. `container/path` without an account is the container of that name that the rules name.
 */
export async function explain(address: string, { json = false }: { json?: boolean }): Promise<void> {
  const explained = (await byService(address)) ?? (await byRules(address))
  console.log(json ? toJsonText(explained) : formatExplanation(explained))
}

/** Undefined: no service runs here. */
async function byService(address: string): Promise<FileExplanation | undefined> {
  try {
    return await callService<FileExplanation>(`explain?url=${encodeURIComponent(address.toWellFormed())}`)
  } catch (error) {
    const isRunning = (await findRunning(readConfig().home)) !== undefined
    if (error instanceof NoAnswerError && !isRunning) return undefined
    throw error
  }
}

async function byRules(address: string): Promise<FileExplanation> {
  const { rules: place, rulesCommit } = readConfig()
  const { rules } = await loadRules(rulesFolder(place), rulesCommit)
  const parsed = parseBlobAddress(address, rules.rules)
  if ('problem' in parsed) throw new UsageError(`URL-or-PATH: ${parsed.problem}`, 2)
  return toFileExplanation(explainMatch(rules, parsed.ref), rulesCommit)
}
