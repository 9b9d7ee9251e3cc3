import { userError } from './arm-errors.ts'
import type { Answer, Call } from './calls.ts'
import type { Page } from './listing.ts'
import { RESOURCE_NAME } from './names.ts'

/** Who the emulator says has made everything. */
const AUTHOR = 'local'

interface Stamps {
  createdMs: number
  modifiedMs: number
}

/** ARM's bookkeeping of a resource. */
export function toSystemData({ createdMs, modifiedMs }: Stamps): unknown {
  return {
    createdBy: AUTHOR,
    createdByType: 'Application',
    createdAt: new Date(createdMs).toISOString(),
    lastModifiedBy: AUTHOR,
    lastModifiedByType: 'Application',
    lastModifiedAt: new Date(modifiedMs).toISOString(),
  }
}

/** The times of a resource after this PUT. */
export function stamped(existing: Stamps | undefined, nowMs: number): Stamps {
  return { createdMs: existing?.createdMs ?? nowMs, modifiedMs: nowMs }
}

/** A page as ARM sends it: `{value, nextLink?}`. */
export function toList<T>(call: Call, page: Page<T>, toResource: (item: T) => unknown): Answer {
  const value = page.items.map(toResource)
  if (page.skip === undefined) return { status: 200, body: { value } }
  return { status: 200, body: { value, nextLink: `${call.address}?${call.query.with('$skip', page.skip)}` } }
}

/** Throws ArmError 400 for a name that the service refuses in a PUT. */
export function requireName(name: string, pattern = RESOURCE_NAME, target = 'name'): void {
  if (pattern.test(name)) return
  const message = `The ${target} '${name}' is invalid. It must match the pattern ${pattern.source}.`
  throw userError(400, message, [{ code: 'BadArgument', target, message }])
}
