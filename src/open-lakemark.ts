import { setImmediate } from 'node:timers/promises'
import type { Listeners, OpenLakemark } from './assemble-lakemark.ts'
import { type Config, storageOf } from './config.ts'

export type { Listeners, OpenLakemark } from './assemble-lakemark.ts'

/** Gives Lakemark, opened when first asked for, with rules that are at most some seconds old. */
export type LakemarkOpener = () => Promise<OpenLakemark>

/**
 * Opens Lakemark over Azure when first asked for it, once. What fails is tried anew by the next who asks:
 * the event or message that asked is sent again.
 */
export function openLakemark(config: Config, listeners: Listeners = {}): LakemarkOpener {
  let opened: Promise<OpenLakemark> | undefined
  return async () => {
    opened ??= open(config, listeners).catch(error => {
      opened = undefined
      throw error
    })
    const lakemark = await opened
    await lakemark.keeper.keepUp()
    return lakemark
  }
}

/**
 * Functions are registered before any of this is loaded: Azure's SDKs take longer than all the rest of a start. The
 * tables are asked for first, and the rest is loaded while they answer.
 */
async function open(config: Config, listeners: Listeners): Promise<OpenLakemark> {
  const storage = storageOf(config)
  const { openTables } = await import('./open-tables.ts')
  const tables = openTables(storage)
  const assemble = async () => {
    // What was asked goes out at the turn of the event loop, and loading keeps the thread.
    await setImmediate()
    const { assembleLakemark } = await import('./assemble-lakemark.ts')
    return assembleLakemark({ ...config, storage }, tables, listeners)
  }
  const [lakemark] = await Promise.all([assemble(), tables])
  return lakemark
}
