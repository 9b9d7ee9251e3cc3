import type { AssetDetail, AssetSummary, RefusedFile, UnreadableAsset } from '../app/status.ts'
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
  const { assets, unreadable } = await readAll()
  const { failures } = await callService<{ failures: RefusedFile[] }>('failures')
  console.log(json ? toJsonText({ assets, unreadable, failures }) : overview(assets, unreadable, failures))
}

interface AssetPage {
  assets: AssetSummary[]
  unreadable: UnreadableAsset[]
  continuation: string | null
}

async function readAll(): Promise<Omit<AssetPage, 'continuation'>> {
  const assets: AssetSummary[] = []
  const unreadable: UnreadableAsset[] = []
  let continuation: string | null = null
  do {
    const query: string = continuation === null ? '' : `&continuation=${encodeURIComponent(continuation)}`
    const page = await callService<AssetPage>(`assets?limit=1000${query}`)
    assets.push(...page.assets)
    unreadable.push(...page.unreadable)
    continuation = page.continuation
  } while (continuation !== null)
  return { assets, unreadable }
}

function overview(
  assets: readonly AssetSummary[],
  unreadable: readonly UnreadableAsset[],
  failures: readonly RefusedFile[],
): string {
  const trouble = [
    ...unreadable.map(({ name, reason }) => `unreadable: ${name}: ${reason}`),
    ...failures.map(({ file, rule, reason }) => `refused: ${file} (rule ${rule}): ${reason}`),
  ].map(printable)
  if (assets.length === 0) return ['No assets yet.', ...trouble].join('\n')
  const rows = assets.map(({ name, type, latest, gathering, workspaces }) => [
    name,
    type,
    latest === null ? '–' : String(latest),
    gathering === 0 ? '' : `${gathering} gathering`,
    statesOf(workspaces),
  ])
  return [formatTable(['ASSET', 'TYPE', 'VERSION', '', 'WORKSPACES'], rows), ...trouble].join('\n')
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
