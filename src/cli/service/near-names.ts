/** Where a name is not known: those that were perhaps meant. */
import { basename } from 'node:path/posix'
import { didYouMean } from '../../core/rules/suggestion.ts'
import { UsageError } from '../usage-error.ts'
import type { Service } from './client.ts'
import { knownNames, type ServiceNames } from './known-names.ts'
import { RefusedError } from './refusal.ts'

const SHOWN = 5

/** Does something with a thing by its name; where that is not known, the error tells names that are near. */
export async function namingNear<T>(
  service: Service,
  kind: keyof ServiceNames,
  name: string,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof RefusedError) || error.problem !== UNKNOWN[kind]) throw error
    throw new UsageError(`${error.message}\n${await nearOnes(service, kind, name)}`)
  }
}

/** A filter that nothing meets may be a typing error. '' where the name is known, or nobody can tell. */
export async function warnOfUnknown(
  service: Service,
  kind: keyof ServiceNames,
  name: string | undefined,
): Promise<string> {
  if (name === undefined) return ''
  const all = await known(service, kind)
  // A container may be named without its account.
  const names = kind === 'containers' && !name.includes('/') ? all?.map(it => basename(it)) : all
  if (names === undefined || names.includes(name)) return ''
  return `No ${THINGS[kind]} is called ${name}; ${didYouMean(name, names).hint || listOf(kind, names)}`.trimEnd()
}

/** What the service calls it. Of others it knows no problem of their own. */
const UNKNOWN: Readonly<Partial<Record<keyof ServiceNames, string>>> = {
  assets: 'unknown-asset',
  runs: 'unknown-run',
}

const THINGS: Readonly<Record<keyof ServiceNames, string>> = {
  assets: 'asset',
  rules: 'rule',
  workspaces: 'workspace',
  containers: 'container',
  runs: 'run',
}

/** The same for an asset, of which there may be more than are listed. */
export async function warnOfUnknownAsset(service: Service, name: string): Promise<string> {
  const alike = await known(service, 'assets', name)
  if (alike === undefined || alike.includes(name)) return ''
  return `No asset is called ${name}; ${await nearOnes(service, 'assets', name)}`
}

async function nearOnes(service: Service, kind: keyof ServiceNames, name: string): Promise<string> {
  // Of many names, those that begin alike are not among the first.
  const alike = (await known(service, kind, name.slice(0, Math.ceil(name.length / 2)))) ?? []
  const names = (await known(service, kind)) ?? []
  const hint = didYouMean(name, alike).hint || didYouMean(name, names).hint
  return hint === '' ? listOf(kind, names) : hint.trimEnd()
}

function listOf(kind: keyof ServiceNames, names: readonly string[]): string {
  if (names.length === 0) return `there are no ${kind} yet`
  const rest = names.length > SHOWN ? ' …' : ''
  return `there ${names.length === 1 ? 'is' : 'are'} ${names.slice(0, SHOWN).join(', ')}${rest}`
}

/** Undefined: they are not to be had, which is no reason to hide what was to be told. */
async function known(
  service: Service,
  kind: keyof ServiceNames,
  beginning?: string,
): Promise<readonly string[] | undefined> {
  try {
    return await knownNames(service)[kind](beginning)
  } catch (error) {
    if (error instanceof UsageError) return undefined
    throw error
  }
}
