import type { AssetDetail, AssetSummary, RefusedFile } from '../app/status.ts'
import { toJsonText } from './json-text.ts'
import { callService } from './service.ts'
import { statesOf } from './states.ts'
import { formatTable, printable } from './table.ts'

/** Prints all assets, or one with its versions; with `json` what the HTTP API answers. */
export async function status(asset: string | undefined, { json = false }: { json?: boolean }): Promise<void> {
  if (asset !== undefined) {
    const detail = await callService<AssetDetail>(`assets/${encodeURIComponent(asset)}`)
    console.log(json ? toJsonText(detail) : describe(detail))
    return
  }
  const assets = await readAll()
  const { failures } = await callService<{ failures: RefusedFile[] }>('failures')
  console.log(json ? toJsonText({ assets, failures }) : overview(assets, failures))
}

async function readAll(): Promise<AssetSummary[]> {
  const all: AssetSummary[] = []
  let continuation: string | null = null
  do {
    const query: string = continuation === null ? '' : `&continuation=${encodeURIComponent(continuation)}`
    const page: { assets: AssetSummary[]; continuation: string | null } = await callService(
      `assets?limit=1000${query}`,
    )
    all.push(...page.assets)
    continuation = page.continuation
  } while (continuation !== null)
  return all
}

function overview(assets: readonly AssetSummary[], failures: readonly RefusedFile[]): string {
  const refused = failures.map(({ file, rule, reason }) =>
    printable(`refused: ${file} (rule ${rule}): ${reason}`),
  )
  if (assets.length === 0) return ['No assets yet.', ...refused].join('\n')
  const rows = assets.map(({ name, type, latest, gathering, workspaces }) => [
    name,
    type,
    latest === null ? '–' : String(latest),
    gathering === 0 ? '' : `${gathering} gathering`,
    statesOf(workspaces),
  ])
  return [formatTable(['ASSET', 'TYPE', 'VERSION', '', 'WORKSPACES'], rows), ...refused].join('\n')
}

function describe({ name, type, gathering, versions }: AssetDetail): string {
  const heading = `${name} (${type})${gathering === 0 ? '' : `, ${gathering} gathering`}`
  const rows = versions.map(({ version, files, cutAt, cause, source, movedTo, workspaces }) => [
    String(version),
    String(files),
    cutAt,
    cause,
    movedTo === null ? statesOf(workspaces) : `number taken by someone else, now version ${movedTo}`,
    source,
  ])
  return `${printable(heading)}\n${formatTable(['VERSION', 'FILES', 'CUT', 'BECAUSE', 'WORKSPACES', 'SOURCE'], rows)}`
}
