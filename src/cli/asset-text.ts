/** Assets as people read them at a terminal. */
import type { AssetDetail, AssetSummary } from '../app/questions/asset-views.ts'
import { statesCell } from './states.ts'
import { printable } from './terminal/printable.ts'
import { formatTable, type TableOptions } from './terminal/table.ts'

/** A line for each. */
export function formatAssets(assets: readonly AssetSummary[], table: TableOptions): string {
  const rows = assets.map(({ name, type, latest, gathering, workspaces }) => [
    name,
    type,
    latest === null ? '–' : String(latest),
    gathering === 0 ? '' : `${gathering} gathering`,
    statesCell(workspaces),
  ])
  return formatTable(['ASSET', 'TYPE', 'VERSION', '', 'WORKSPACES'], rows, table)
}

/** One, with its newest versions. */
export function formatAsset({ name, type, gathering, versions }: AssetDetail, table: TableOptions): string {
  const heading = printable(`${name} (${type})${gathering === 0 ? '' : `, ${gathering} gathering`}`)
  if (versions.length === 0) return `${heading}\nNo version has been cut yet.`
  const rows = versions.map(({ version, files, cutAt, cause, source, movedTo, workspaces }) => [
    String(version),
    String(files),
    cutAt,
    cause,
    source,
    movedTo === null ? statesCell(workspaces) : `number taken by someone else, now version ${movedTo}`,
  ])
  const headings = ['VERSION', 'FILES', 'CUT', 'BECAUSE', 'SOURCE', 'WORKSPACES']
  return `${heading}\n${formatTable(headings, rows, table)}`
}
