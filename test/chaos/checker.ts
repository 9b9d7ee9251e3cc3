/**
 * Says whether everything that lies in the lake is registered, once, under the same numbers everywhere. It shares
 * no code with the product and believes nothing that the product says of itself: it knows what was written, what
 * lies in the lake, and what the emulated ARM answers.
 */
import {
  type Check,
  type Expectation,
  type Found,
  type FoundAsset,
  type FoundVersion,
  inOrder,
  memberPrint,
  type Place,
  pathIn,
  type Violation,
  type ViolationKind,
} from './checker-facts.ts'
import { checkFolders } from './checker-folders.ts'

/** Everything that is not as it must be, and how many single facts were looked at. */
export function findViolations(
  found: Found,
  expected: Expectation,
): { violations: Violation[]; checks: number } {
  const violations: Violation[] = []
  const tally = { checks: 0 }
  const check = (holds: boolean, kind: ViolationKind, what: () => string) => {
    tally.checks += 1
    if (!holds) violations.push({ kind, what: what() })
  }
  checkLake(found, expected, check)
  for (const [workspace, assets] of found.workspaces) {
    for (const asset of assets) checkAsset(workspace, asset, expected, check)
    checkFiles(workspace, assets, found, expected, check)
    checkFolders(workspace, assets, found, expected, check)
  }
  checkSameness(found, expected, check)
  return { violations, checks: tally.checks }
}

/** That the account of what was written is itself right. */
function checkLake({ lake }: Found, { contents, lying, places }: Expectation, check: Check): void {
  const present = new Set(lake.map(({ path }) => path))
  for (const path of lying) {
    check(present.has(path), 'wrong', () => `${path} was written and does not lie in the lake`)
  }
  const last = new Map(contents.map(content => [content.path, content]))
  for (const { path, etag } of lake) {
    check(places.has(path), 'stranger', () => `${path} lies in the lake and was never written`)
    check(lying.has(path), 'wrong', () => `${path} was deleted and lies in the lake`)
    check(last.get(path)?.etag === etag, 'wrong', () => {
      return `${path} has the etag ${etag} in the lake, and the last one written was ${last.get(path)?.etag}`
    })
  }
}

/** Numbers without gaps, and each version pointing to where its asset's files lie, saying where it comes from. */
function checkAsset(workspace: string, asset: FoundAsset, expected: Expectation, check: Check): void {
  const at = `${workspace}/${asset.name}`
  const places = placesOf(asset.name, workspace, expected)
  check(places.size > 0, 'stranger', () => `${at} is an asset that no file makes here`)
  const numbers = asset.versions.map(({ name }) => Number(name)).sort((a, b) => a - b)
  const count = numbers.length
  check(count > 0 && numbers.every((number, index) => number === index + 1), 'gap', () => {
    return `${at} has the versions ${numbers.join(', ')} instead of 1 to ${count}`
  })
  check(asset.latestVersion === String(count), 'gap', () => {
    return `${at} has ${asset.latestVersion} as its latest version and ${count} versions`
  })
  for (const version of asset.versions) {
    const name = `${at}:${version.name}`
    const place = places.get(pathIn(version.dataUri, expected.datastore) ?? '')
    check(
      place !== undefined,
      'wrong',
      () => `${name} points to ${version.dataUri}, where no file of it lies`,
    )
    if (place !== undefined) checkVersion(name, version, place, expected, check)
  }
}

function checkVersion(
  name: string,
  version: FoundVersion,
  place: Place,
  at: Expectation,
  check: Check,
): void {
  const { account, container } = at
  const { properties } = version
  check(!version.isArchived, 'wrong', () => `${name} is archived`)
  check(
    version.dataType === place.type,
    'wrong',
    () => `${name} is a ${version.dataType}, not a ${place.type}`,
  )
  const slash = place.type === 'uri_folder' ? '/' : ''
  const told: Record<string, string> = {
    'lakemark.rule': place.rule,
    // Properties are cut at a thousand characters.
    'lakemark.source': `${account}/${container}/${place.dataPath}${slash}`.slice(0, 1000),
  }
  for (const [key, value] of Object.entries(told)) {
    check(
      properties[key] === value,
      'wrong',
      () => `${name} has ${key} ${properties[key]} instead of ${value}`,
    )
  }
  const forms = {
    etag: /^0x[0-9A-F]+$/i,
    fingerprint: /^[0-9a-f]{64}$/,
    files: /^[1-9][0-9]*$/,
    cut: /^\d{4}-/,
  }
  for (const [key, form] of Object.entries(forms)) {
    const value = properties[`lakemark.${key}`]
    check(form.test(value ?? ''), 'wrong', () => `${name} has lakemark.${key} ${value}`)
  }
}

/** Of files that are their own versions: each content at most once, the newest surely, in the order of writing. */
function checkFiles(
  workspace: string,
  assets: readonly FoundAsset[],
  { lake }: Found,
  expected: Expectation,
  check: Check,
): void {
  const order = new Map(
    expected.contents.map((content, index) => [idOf(content.path, content.etag), { content, index }]),
  )
  const registered = new Map<string, string>()
  for (const asset of assets) {
    const newest = new Map<string, { index: number; name: string }>()
    for (const version of inOrder(asset.versions)) {
      if (version.dataType !== 'uri_file') continue
      const name = `${workspace}/${asset.name}:${version.name}`
      const path = pathIn(version.dataUri, expected.datastore) ?? ''
      const etag = version.properties['lakemark.etag'] ?? ''
      const id = idOf(path, etag)
      const written = order.get(id)
      check(
        written !== undefined,
        'stranger',
        () => `${name} is ${path} with the etag ${etag}, never written`,
      )
      check(
        !registered.has(id),
        'twice',
        () => `${name} is the same content as ${registered.get(id)}: ${path}, ${etag}`,
      )
      registered.set(id, name)
      if (written === undefined) continue
      const print = memberPrint(expected, written.content)
      check(
        version.properties['lakemark.fingerprint'] === print,
        'wrong',
        () => `${name} has a wrong fingerprint`,
      )
      check(version.properties['lakemark.files'] === '1', 'wrong', () => `${name} is not of one file`)
      const before = newest.get(path)
      check(before === undefined || before.index < written.index, 'wrong', () => {
        return `${name} is an older content of ${path} than ${before?.name}`
      })
      newest.set(path, { index: written.index, name })
    }
  }
  for (const { path, etag } of lake) {
    const place = expected.places.get(path)
    if (place?.type !== 'uri_file' || !place.workspaces.includes(workspace)) continue
    check(
      registered.has(idOf(path, etag)),
      'lost',
      () => `${path} (etag ${etag}) is no version of ${workspace}/${place.asset}`,
    )
  }
}

/** The same number is the same data, told in the same words, in every workspace of the rule. */
function checkSameness({ workspaces }: Found, expected: Expectation, check: Check): void {
  const aims = new Map([...expected.places.values()].map(place => [place.asset, place.workspaces]))
  for (const [asset, names] of aims) {
    const all = names.map(name => ({ name, found: workspaces.get(name)?.find(({ name }) => name === asset) }))
    const [first, ...others] = all
    for (const other of others) {
      const [one, two] = [first?.found?.versions ?? [], other.found?.versions ?? []]
      check(one.length === two.length, 'uneven', () => {
        return `${asset} has ${one.length} versions in ${first?.name} and ${two.length} in ${other.name}`
      })
      const twins = new Map(two.map(version => [version.name, version]))
      for (const version of one) {
        const twin = twins.get(version.name)
        if (twin === undefined) continue
        check(dataOf(version) === dataOf(twin), 'wrong', () => {
          return `${asset}:${version.name} differs: ${first?.name} has ${dataOf(version)}, ${other.name} has ${dataOf(twin)}`
        })
      }
    }
  }
}

/** All but how the workspace is named in it. */
function dataOf({ dataUri, dataType, tags, properties, description }: FoundVersion): string {
  const path = dataUri.slice(dataUri.indexOf('/datastores/'))
  const sorted = (record: Record<string, string>) =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([path, dataType, sorted(tags), sorted(properties), description])
}

/** By data path. */
function placesOf(asset: string, workspace: string, { places }: Expectation): Map<string, Place> {
  const known = indexOf(places).get(asset) ?? []
  return new Map(
    known.filter(place => place.workspaces.includes(workspace)).map(place => [place.dataPath, place]),
  )
}

const indexes = new WeakMap<object, Map<string, Place[]>>()

function indexOf(places: ReadonlyMap<string, Place>): Map<string, Place[]> {
  const known = indexes.get(places) ?? Map.groupBy(places.values(), ({ asset }) => asset)
  indexes.set(places, known)
  return known
}

function idOf(path: string, etag: string): string {
  return `${path}\n${etag}`
}
