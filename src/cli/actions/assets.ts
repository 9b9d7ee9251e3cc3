import { formatAssets } from '../asset-text.ts'
import type { ListOptions } from '../command.ts'
import { openService } from '../service/client.ts'
import { moreThan, parseLimit } from '../service/listing.ts'
import { warnOfUnknown } from '../service/near-names.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { note, outputTable, paragraphs } from '../terminal/output.ts'
import { printable } from '../terminal/printable.ts'
import { UsageError } from '../usage-error.ts'
import { showAsset } from './asset.ts'
import { listAssets } from './status.ts'
import { showVersion } from './version.ts'

export interface AssetsOptions extends ListOptions {
  rule?: string
  workspace?: string
  state?: string
  q?: string
}

/** Prints the assets that a filter leaves, or one asset, or one version of it with its members. */
export async function assets(
  name: string | undefined,
  version: string | undefined,
  options: AssetsOptions,
): Promise<void> {
  const { rule, workspace, state, q } = options
  const filter = { rule, workspace, state, q }
  const given = Object.keys(filter).filter(it => filter[it as keyof typeof filter] !== undefined)
  if (name !== undefined && given.length > 0) {
    throw new UsageError(`--${given[0]} is for the list of assets; leave it away, or the name`, 2)
  }
  const limit = parseLimit(options.limit)
  const service = await openService(options)
  if (name !== undefined && version !== undefined) return showVersion(service, name, version, limit, options)
  if (name !== undefined) return showAsset(service, name, options)
  const { unreadable, ...found } = await listAssets(service, limit, filter)
  if (options.json) return console.log(toJsonText({ assets: found.items, unreadable, more: found.isMore }))
  const none = given.length === 0 ? 'No assets yet.' : 'No asset is like that.'
  console.log(
    paragraphs(
      found.items.length === 0 ? none : formatAssets(found.items, outputTable()),
      moreThan(found),
      ...unreadable.map(it => printable(`unreadable: ${it.name}: ${it.reason}`)),
    ),
  )
  if (found.items.length > 0) return
  note(await warnOfUnknown(service, 'rules', rule))
  note(await warnOfUnknown(service, 'workspaces', workspace))
}
