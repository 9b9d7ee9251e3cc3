/**
 * Of folders ARM shows no members, but the sum of their fingerprints: SHA-256 of each member, added modulo 2^256.
 * Summed over all versions of a folder they must come to every file that lies there, once, and to some of the
 * contents that have been overwritten or deleted: which of them is found by trying.
 */
import {
  type Check,
  type Content,
  type Expectation,
  type Found,
  type FoundAsset,
  memberPrint,
  pathIn,
} from './checker-facts.ts'

const MODULUS = 1n << 256n
/** A million ways to try. */
const MAX_FORMER = 20

interface Folder {
  name: string
  required: Content[]
  /** Overwritten or deleted since. */
  former: Content[]
  /** What the versions say: how many files, and the sum of their fingerprints. */
  files: number
  sum: bigint
}

export function checkFolders(
  workspace: string,
  assets: readonly FoundAsset[],
  { lake }: Found,
  expected: Expectation,
  check: Check,
): void {
  const present = new Map(lake.map(({ path, etag }) => [path, etag]))
  const folders = new Map<string, Folder>()
  for (const content of expected.contents) {
    const place = expected.places.get(content.path)
    if (place?.type !== 'uri_folder' || place.isMarker || !place.workspaces.includes(workspace)) continue
    const name = `${workspace}/${place.asset} ${place.dataPath}`
    const folder = folders.get(name) ?? { name, required: [], former: [], files: 0, sum: 0n }
    folders.set(name, folder)
    const isLast = present.get(content.path) === content.etag
    folder[isLast ? 'required' : 'former'].push(content)
  }
  for (const { name: asset, versions } of assets) {
    for (const { dataUri, dataType, properties } of versions) {
      if (dataType !== 'uri_folder') continue
      const folder = folders.get(`${workspace}/${asset} ${pathIn(dataUri, expected.datastore)}`)
      // One that points elsewhere has been reported as such.
      if (folder === undefined) continue
      folder.files += Number(properties['lakemark.files'])
      folder.sum = (folder.sum + toNumber(properties['lakemark.fingerprint'])) % MODULUS
    }
  }
  for (const folder of folders.values()) checkSum(folder, expected, check)
}

function checkSum(folder: Folder, expected: Expectation, check: Check): void {
  const { name, required, former } = folder
  if (former.length > MAX_FORMER)
    throw new Error(`${name}: ${former.length} changes are too many to try all ways`)
  const numberOf = (content: Content) => BigInt(`0x${memberPrint(expected, content)}`)
  const requiredSum = required.reduce((sum, content) => sum + numberOf(content), 0n)
  const rest = modulo(folder.sum - requiredSum)
  const extra = folder.files - required.length
  const members = former.map(numberOf)
  const isExplained = anySubset(members, (sum, count) => sum === rest && count === extra)
  if (isExplained) {
    check(true, 'lost', () => '')
    return
  }

  // One member too few or too many is the likeliest: it can be named.
  const byNumber = new Map([...required, ...former].map(content => [numberOf(content), content]))
  let lost: Content | undefined
  let twice: Content | undefined
  anySubset(members, (sum, count) => {
    if (extra === count - 1) lost = byNumber.get(modulo(sum - rest))
    if (extra === count + 1) twice = byNumber.get(modulo(rest - sum))
    return lost !== undefined || twice !== undefined
  })
  const counted = `its versions count ${folder.files} files, ${required.length} lie there, ${former.length} were overwritten or deleted`
  if (lost !== undefined) {
    check(false, 'lost', () => `${lost?.path} (etag ${lost?.etag}) is in no version of ${name}; ${counted}`)
  } else if (twice !== undefined) {
    check(
      false,
      'twice',
      () => `${twice?.path} (etag ${twice?.etag}) is in two versions of ${name}; ${counted}`,
    )
  } else {
    check(
      false,
      extra < 0 ? 'lost' : 'wrong',
      () => `the versions of ${name} are not of the files that lie there; ${counted}`,
    )
  }
}

/** Whether some subset passes the test, which is given its sum modulo 2^256 and its size. */
function anySubset(members: readonly bigint[], test: (sum: bigint, count: number) => boolean): boolean {
  const search = (index: number, sum: bigint, count: number): boolean => {
    const member = members[index]
    if (member === undefined) return test(sum, count)
    return search(index + 1, sum, count) || search(index + 1, modulo(sum + member), count + 1)
  }
  return search(0, 0n, 0)
}

/** What is no fingerprint has been reported as such. */
function toNumber(print: string | undefined): bigint {
  return /^[0-9a-f]{64}$/.test(print ?? '') ? BigInt(`0x${print}`) : 0n
}

function modulo(value: bigint): bigint {
  return ((value % MODULUS) + MODULUS) % MODULUS
}
