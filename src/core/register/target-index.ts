/** What is remembered of a target's listing, apart from what re-sync remembers of the whole container. */
import { hash } from 'node:crypto'
import type { Target } from './request.ts'

/** No container's name holds it. */
const SIGN = '~'

/** Stands for the container in the index of listings: other targets make other things of the same files. */
export function indexedAs({ asset, type, dataPath, pattern, datastore: { container } }: Target): string {
  const text = JSON.stringify([asset, type, dataPath, pattern])
  return `${container}${SIGN}${hash('sha256', text, 'base64url').slice(0, 22)}`
}

/** Whether that is what stands there. */
export function isOfTarget(container: string): boolean {
  return container.includes(SIGN)
}

/** The id under which it is remembered when the target was last registered. */
export function lastUseOf(account: string, indexed: string): string {
  return `t${hash('sha256', `${account}/${indexed}`, 'base64url').slice(0, 21)}`
}
