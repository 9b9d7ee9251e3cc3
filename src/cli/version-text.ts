/** One version of an asset as people read it at a terminal. */
import type { MemberView, VersionDocument, WorkspaceDelivery } from '../app/questions/version-document.ts'
import { type Listing, moreThan } from './service/listing.ts'
import { styleOf } from './states.ts'
import { paragraphs } from './terminal/output.ts'
import { printable } from './terminal/printable.ts'
import { type Cell, formatTable, type TableOptions } from './terminal/table.ts'

export function formatVersion(
  version: VersionDocument,
  members: Listing<MemberView>,
  table: TableOptions,
): string {
  return paragraphs(
    ...factsOf(version).map(printable),
    `\n${formatTable(['WORKSPACE', 'STATE', 'SINCE', 'REASON'], deliveriesOf(version), table)}\n`,
    formatTable(['SIZE', 'ETAG', 'FILE'], members.items.map(rowOf), table),
    moreThan(members),
  )
}

function factsOf(version: VersionDocument): string[] {
  const { asset, type, provisional, movedTo, movedFrom, commit, files, bytes } = version
  const moved = [
    ...(movedFrom === null ? [] : [`the data had number ${movedFrom} before, which somebody else took`]),
    ...(movedTo === null ? [] : [`number taken by someone else: the data is version ${movedTo}`]),
    ...(provisional ? ['the number may change: the workspaces have not been asked yet'] : []),
  ]
  const pairs = (values: Readonly<Record<string, string>>) =>
    Object.entries(values)
      .map(([name, value]) => `${name} = ${value}`)
      .join(', ')
  const facts: [string, string | null][] = [
    ['points to', version.source],
    ['data URI', version.dataUri],
    ['datastore', version.datastore],
    ['cut', `${version.cutAt} (${version.cause})`],
    ['files', `${files}, ${bytes} bytes`],
    ['rule', `${version.rule}${commit === null ? '' : ` at commit ${commit}`}`],
    ['described', version.description],
    ['tags', pairs(version.tags) || null],
    ['properties', pairs(version.properties) || null],
    ...moved.map((text): [string, string] => ['note', text]),
  ]
  const lines = facts.flatMap(([name, text]) => (text === null ? [] : [`  ${name.padEnd(10)}  ${text}`]))
  return [`${asset} ${version.version} (${type})`, ...lines]
}

function deliveriesOf({ workspaces }: VersionDocument): Cell[][] {
  return Object.entries(workspaces).map(([alias, delivery]) => {
    const style = styleOf([delivery.state])
    const state = style === undefined ? delivery.state : { text: delivery.state, style }
    return [alias, state, delivery.at ?? '', reasonOf(delivery)]
  })
}

function reasonOf({ reason, attempts, notBefore }: WorkspaceDelivery): string {
  return [
    reason ?? '',
    attempts > 0 ? `attempt ${attempts}` : '',
    notBefore === null ? '' : `next one at ${notBefore}`,
  ]
    .filter(text => text !== '')
    .join('; ')
}

function rowOf({ sizeBytes, etag, file }: MemberView): Cell[] {
  return [String(sizeBytes), etag, file]
}
