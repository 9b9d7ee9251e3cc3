import type { FileInAsset, FileKnowledge } from '../../app/questions/file-knowledge.ts'
import type { ListOptions } from '../command.ts'
import { formatFile } from '../file-text.ts'
import { openService, type Paged } from '../service/client.ts'
import { listUpTo, parseLimit } from '../service/listing.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { outputTable } from '../terminal/output.ts'

/** Prints all that is known of one file: the rules that match, its assets, versions and refusals. */
export async function files(address: string, options: ListOptions): Promise<void> {
  const limit = parseLimit(options.limit)
  const service = await openService(options)
  let known: FileKnowledge | undefined
  const refusals: FileKnowledge['refusals'] = []
  const { items: assets, isMore } = await listUpTo(service, 'files', {
    query: { url: address },
    limit,
    itemsOf(page: FileKnowledge & Paged): readonly FileInAsset[] {
      known ??= page
      refusals.push(...page.refusals)
      return page.assets
    },
  })
  if (known === undefined) return
  const { continuation: _, ...rest } = known as FileKnowledge & Paged
  const whole = { ...rest, assets, refusals }
  console.log(
    options.json ? toJsonText({ ...whole, more: isMore }) : formatFile(whole, isMore, outputTable()),
  )
}
