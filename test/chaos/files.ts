/** What the writer will do to the lake, planned by a seed; the rules that watch it; and what must come of it. */
import type { Place } from './checker-facts.ts'
import { hashOf, type Random } from './random.ts'

export const ACCOUNT = 'devstoreaccount1'
export const CONTAINER = 'lake'
export const DATASTORE = 'the_lake'

/**
 * Each but the last in a subscription of its own: Lakemark keeps to ARM's pace of ten writes a second in one
 * subscription, and a run is to end.
 */
export const WORKSPACES = Array.from({ length: 11 }, (_, index) => ({
  name: `ml-${index}`,
  subscription: `00000000-0000-0000-0000-00000000000${index % 10}`,
  resourceGroup: `rg-${index % 3}`,
}))
const REGIONS = ['eu', 'us', 'apac', 'uk', 'br']
const STREAMS = 10
const FOLDERS = 4

const named = (...indexes: number[]) => indexes.map(index => `ml-${index % 10}`)
/** Which workspaces get what, as evenly as can be. */
const toRegion = (region: string) => named(REGIONS.indexOf(region), REGIONS.indexOf(region) + 5)
const toStream = (feed: number) => named(feed, feed + 3, feed + 7)
const toFolder = (feed: number) => named(2 * feed, 2 * feed + 1, 2 * feed + 5)
const TO_DAILY = ['ml-10']

export const WORKSPACES_YAML = `
workspaces:
${WORKSPACES.map(({ name, ...at }) => `  ${name}: { subscription: ${at.subscription}, resourceGroup: ${at.resourceGroup} }`).join('\n')}
datastores:
  ${ACCOUNT}/${CONTAINER}: { name: ${DATASTORE}, kind: azure_blob }
`

const FROM = `from: ${ACCOUNT}/${CONTAINER}`
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
export const RULES_YAML = `
rules:
${REGIONS.map(
  region => `
  - { name: single-${region}, ${FROM}, match: "single/{region}/*.csv", where: { region: [${region}] },
      asset: "single-{region}-{stem}", tags: { region: "{region}" }, description: "{file} of {region}",
      to: [${toRegion(region)}] }`,
).join('')}
${numbers(STREAMS)
  .map(
    feed => `
  - { name: stream-${feed}, ${FROM}, match: "stream/s${feed}/**", asset: stream-s${feed}, to: [${toStream(feed)}] }`,
  )
  .join('')}
${numbers(FOLDERS)
  .map(
    feed => `
  - { name: hot-${feed}, ${FROM}, match: "hot/h${feed}/**/*.parquet", asset: hot-h${feed}, type: uri_folder,
      folder: hot/h${feed}, settle: 1s, maxWait: 4s, to: [${toFolder(feed)}] }`,
  )
  .join('')}

  - { name: daily, ${FROM}, match: "daily/{feed}/dt={day}/*.json", asset: "daily-{feed}", type: uri_folder,
      settle: 6s, marker: _SUCCESS, to: [${TO_DAILY}] }
`

export type Operation =
  | { kind: 'upload' | 'upload in blocks' | 'copy'; path: string; isFirst: boolean }
  | { kind: 'delete'; path: string; isFirst: false }

export interface FilesPlan {
  /** By path. */
  places: Map<string, Place>
  /** Operations on one path come in this order. */
  operations: Operation[]
}

const ODD_NAMES = [
  'with space.csv',
  '100%.csv',
  'percent%20encoded.csv',
  'a+b&c=d.csv',
  'hash#tag.csv',
  'why?.csv',
  "it's.csv",
  '"quoted".csv',
  '[x]{y}(z)!.csv',
  '<tag>.csv',
  'a..b.csv',
  '.hidden',
  'no extension',
  'größe.csv',
  '売上.csv',
  'e\u0301.csv',
  '📈.csv',
  'semi;colon,comma.csv',
  '~tilde$dollar@at.csv',
  `${'long-'.repeat(100)}.csv`,
]
/** What has been overwritten or deleted may or may not be part of a folder's version: the checker tries all ways. */
const CHANGES_PER_FOLDER = 6

/** `count` files, some of them overwritten, deleted or written anew; and markers. */
export function planFiles(count: number, random: Random): FilesPlan {
  const places = new Map<string, Place>()
  for (let index = 0; index < count; index += 1) {
    const place = placeOf(index, count, random)
    places.set(place.path, place)
  }
  for (const { dataPath, ...place } of markersOf(places.values(), random)) {
    const path = `${dataPath}/_SUCCESS`
    places.set(path, { ...place, dataPath, path, isMarker: true })
  }
  const changes = new Map<string, number>()
  const timed = [...places.values()].flatMap(place => {
    const folder = place.type === 'uri_folder' ? `${place.asset} ${place.dataPath}` : undefined
    const isSpent = folder !== undefined && (changes.get(folder) ?? 0) >= CHANGES_PER_FOLDER
    const history = place.isMarker || isSpent ? [] : changesOf(place, random)
    if (folder !== undefined) changes.set(folder, (changes.get(folder) ?? 0) + history.length)
    const first: Operation = { kind: uploadKind(random), path: place.path, isFirst: true }
    // Half of what changes does so at once, the other half when much else has happened.
    const start = random.next()
    const step = random.chance(0.5) ? 0.002 : 0.3
    return [first, ...history].map((operation, nth) => ({ operation, at: start + nth * step }))
  })
  return { places, operations: timed.sort((a, b) => a.at - b.at).map(({ operation }) => operation) }
}

function placeOf(index: number, count: number, random: Random): Place {
  const share = random.next()
  const id = index.toString(36).padStart(4, '0')
  if (share < 0.55) {
    const region = random.pick(REGIONS)
    const path = `single/${region}/f${id}.csv`
    return fileAt(path, `single-${region}-f${id}`, `single-${region}`, toRegion(region))
  }
  if (share < 0.75) {
    const feed = random.below(Math.min(STREAMS, Math.ceil(count / 50)))
    const levels = Array.from({ length: random.below(4) }, () => `level-${random.below(5)}`)
    const name = random.chance(0.3) ? `${id} ${random.pick(ODD_NAMES)}` : `${id}.csv`
    return fileAt(
      `stream/s${feed}/${[...levels, name].join('/')}`,
      `stream-s${feed}`,
      `stream-${feed}`,
      toStream(feed),
    )
  }
  if (share < 0.95) {
    const feed = random.below(Math.min(FOLDERS, Math.ceil(count / 100)))
    const folder = `hot/h${feed}`
    const path = `${folder}/${random.chance(0.5) ? '' : `sub ${random.below(3)}/`}part-${id}.parquet`
    return {
      ...fileAt(path, `hot-h${feed}`, `hot-${feed}`, toFolder(feed)),
      type: 'uri_folder',
      dataPath: folder,
    }
  }
  const [feed, day] = [random.below(2), random.below(3) + 1]
  const folder = `daily/d${feed}/dt=2026-01-0${day}`
  return {
    ...fileAt(`${folder}/${id}.json`, `daily-d${feed}`, 'daily', TO_DAILY),
    type: 'uri_folder',
    dataPath: folder,
  }
}

function fileAt(path: string, asset: string, rule: string, workspaces: string[]): Place {
  return { path, asset, rule, workspaces, type: 'uri_file', dataPath: path, isMarker: false }
}

/** One for half of the days. */
function markersOf(places: Iterable<Place>, random: Random): Place[] {
  const days = new Map(
    [...places].filter(({ rule }) => rule === 'daily').map(place => [place.dataPath, place]),
  )
  return [...days.values()].filter(() => random.chance(0.5))
}

function changesOf({ path }: Place, random: Random): Operation[] {
  const again: Operation = { kind: uploadKind(random), path, isFirst: false }
  const gone: Operation = { kind: 'delete', path, isFirst: false }
  const luck = random.next()
  if (luck < 0.1) return [again]
  if (luck < 0.13) return [again, { ...again }, { ...again }]
  if (luck < 0.16) return [gone]
  return luck < 0.19 ? [gone, again] : []
}

function uploadKind(random: Random): 'upload' | 'upload in blocks' | 'copy' {
  const luck = random.next()
  if (luck < 0.85) return 'upload'
  return luck < 0.95 ? 'upload in blocks' : 'copy'
}

/** Operations on one path always meet in the same lane. */
export function lanesOf(operations: readonly Operation[], lanes: number): Operation[][] {
  const result: Operation[][] = Array.from({ length: lanes }, () => [])
  for (const operation of operations) result[hashOf(operation.path) % lanes]?.push(operation)
  return result
}
