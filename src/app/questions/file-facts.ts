/** What the ledger says of one file as part of one asset. Times are ISO 8601 in UTC. */
import type { AssetHead, FileState, Gathering, Version } from '../../core/asset/asset.ts'
import type { Ledger } from '../ports.ts'
import { toIso } from './asset-views.ts'

/** The newest news of a file. */
export interface Sighting {
  at: string
  etag: string
  sizeBytes: number
  /** Null: the lake itself was asked. */
  sequencer: string | null
  removed: boolean
}

/** Where a file waits to be cut into a version. */
export interface GatheringView {
  files: number
  since: string
  dueAt: string
  cause: string
}

export interface FileFacts {
  /** Undefined: there is no such asset. */
  head: AssetHead | undefined
  /** Undefined: no news of the file has ever come. */
  file: FileState | undefined
  gathering: Gathering | undefined
  /** What became of the cut that its newest content is part of, ascending: more than one where a number was taken. */
  versions: Version[]
}

/** A number may be taken, and the next one too: as many versions of one cut are looked at. */
const VERSIONS_PER_CUT = 20

export function createFileFacts({ ledger }: { ledger: Pick<Ledger, 'readFiles' | 'readVersionsOfCut'> }) {
  /** `target`: where the rules that are in force would let it gather, which spares a reading. */
  return async function readFacts(asset: string, key: string, target?: string): Promise<FileFacts> {
    const targets = target === undefined ? [] : [target]
    const { head, files, gatherings } = await ledger.readFiles(asset, { files: [key], targets })
    const file = files.get(key)
    const facts: FileFacts = { head, file, gathering: undefined, versions: [] }
    if (head === undefined || file === undefined || file.cut === 0) return facts
    const gathering = gatherings.get(file.target) ?? (await readGathering(asset, file.target))
    if (gathering?.cut === file.cut) return { ...facts, gathering }
    return { ...facts, versions: await ledger.readVersionsOfCut(asset, file.cut, VERSIONS_PER_CUT) }
  }

  /** Under former rules the file may have gathered elsewhere. */
  async function readGathering(asset: string, target: string): Promise<Gathering | undefined> {
    const { gatherings } = await ledger.readFiles(asset, { files: [], targets: [target] })
    return gatherings.get(target)
  }
}

export function describeSighting(file: FileState | undefined): Sighting | null {
  if (file === undefined) return null
  const { recordedAt, etag, sizeBytes, sequencer, removed } = file
  return { at: toIso(recordedAt), etag, sizeBytes, sequencer: sequencer ?? null, removed }
}

export function describeGathering(gathering: Gathering | undefined): GatheringView | null {
  if (gathering === undefined) return null
  const { files, since, dueAt, cause } = gathering
  return { files, since: toIso(since), dueAt: toIso(dueAt), cause }
}

/** What stands in the way of the next version, where a rule makes this type of the asset. */
export function obstacleOf(
  asset: string,
  type: AssetHead['type'],
  head: AssetHead | undefined,
): string | null {
  if (head === undefined || head.type === type || head.lastCut === 0) return null
  return `asset ${asset} exists as ${head.type}; the rule makes a ${type}, which needs another name`
}
