import type { MemberView, VersionDocument } from '../../app/questions/version-document.ts'
import type { JsonOption } from '../command.ts'
import type { Paged, Service } from '../service/client.ts'
import { listUpTo } from '../service/listing.ts'
import { namingNear } from '../service/near-names.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { outputTable } from '../terminal/output.ts'
import { formatVersion } from '../version-text.ts'

/** Prints one version with all that is known of it, and its members up to the limit. */
export async function showVersion(
  service: Service,
  name: string,
  version: string,
  limit: number,
  { json = false }: JsonOption,
): Promise<void> {
  let document: VersionDocument | undefined
  const members = await namingNear(service, 'assets', name, () =>
    listUpTo(service, 'version', {
      params: { name, number: version },
      limit,
      itemsOf(page: VersionDocument & Paged): readonly MemberView[] {
        document ??= page
        return page.members
      },
    }),
  )
  if (document === undefined) return
  if (json) {
    const { continuation: _, ...rest } = document as VersionDocument & Paged
    console.log(toJsonText({ ...rest, members: members.items, more: members.isMore }))
  } else console.log(formatVersion(document, members, outputTable()))
}
