/**
 * The address of a file, in any of the forms in which people copy it:
 *   https://account.blob.core.windows.net/container/path      percent-encoded; dfs too, and every cloud
 *   http://127.0.0.1:10000/account/container/path             percent-encoded; an emulator
 *   abfss://container@account.dfs.core.windows.net/path       as it is; abfs, wasbs and wasb too
 *   account/container/path  or  container/path                as it is
 * Nothing is folded: `..`, `.` and empty segments are part of a blob's name. Queries are cut off and never
 * repeated in a message: they may be signatures.
 */
import type { BlobRef } from './blob-ref.ts'
import { type Cloud, strangeCloudOf } from './clouds.ts'

/** A path of 1024 characters of up to four bytes each, percent-encoded, and as much again as a host and a query need. */
export const MAX_URL_LENGTH = 12_800
/** Azure Storage's own bound. */
export const MAX_PATH_LENGTH = 1024
/** DNS's own bound. */
const MAX_HOST_LENGTH = 253
/** Accounts that are offered where the container alone does not tell. */
const MAX_OFFERED = 5

export interface ContainerRef {
  account: string
  container: string
}

export type ParsedAddress = { ref: BlobRef } | { problem: string }

const ACCOUNT = /^[a-z0-9]{3,24}$/
const CONTAINER = /^(\$root|\$web|\$logs|[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9])$/
const HADOOP = /^(?:abfss?|wasbs?):\/\/([^/@]*)@([^/]*)\/([\s\S]*)$/i
/** `account.blob.core.windows.net`, also of other clouds, zones, private links and read-only replicas. */
const ACCOUNT_HOST = /^([a-z0-9]{3,24})(?:-secondary)?(?:\.[a-z0-9-]+)*?\.(?:blob|dfs)(?:\.[a-z0-9-]+)+$/
/** An emulator: this machine, an address, or a name without dots as containers have among each other. */
const EMULATOR_HOST =
  /^(?:localhost|[a-z0-9-]+|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]|host\.docker\.internal)$/

const EXPECTED =
  'expected https://<account>.blob.core.windows.net/<container>/<path>, abfss://…, or <account>/<container>/<path>'

/**
 * `watched` are the containers that rules name: they decide between `account/container/path` and
 * `container/path`, which may look alike. Where they do not tell, the first reading counts. Hosts of another cloud than
 * `cloud` are refused, where one is given.
 */
export function parseBlobAddress(
  text: string,
  watched: readonly ContainerRef[] = [],
  cloud?: Cloud,
): ParsedAddress {
  if (text === '') return { problem: `is empty; ${EXPECTED}` }
  if (text.length > MAX_URL_LENGTH) return { problem: `is longer than ${MAX_URL_LENGTH} characters` }
  const scheme = /^([a-z][a-z0-9+.-]{0,30}):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return parsePlain(text, watched)
  if (scheme === 'https' || scheme === 'http') return parseHttp(text, cloud)
  if (HADOOP.test(text)) return parseHadoop(text, cloud)
  return { problem: `${scheme}:// is not an address of a file in a data lake; ${EXPECTED}` }
}

/** The file that these name, each as it is. */
export function toBlobRef(account: string, container: string, path: string): ParsedAddress {
  if (!ACCOUNT.test(account)) {
    return { problem: `"${excerpt(account)}" is no storage account (3 to 24 of a-z and 0-9); ${EXPECTED}` }
  }
  if (!CONTAINER.test(container)) {
    return {
      problem: `"${excerpt(container)}" is no container (3 to 63 of a-z, 0-9 and single hyphens); ${EXPECTED}`,
    }
  }
  if (path === '') return { problem: `names no file; ${EXPECTED}` }
  if (path.length > MAX_PATH_LENGTH) {
    return {
      problem: `the path is longer than ${MAX_PATH_LENGTH} characters, the most that a blob's name has`,
    }
  }
  if (!path.isWellFormed()) return { problem: 'the path holds half of a surrogate pair, as no blob has' }
  return { ref: { account, container, path } }
}

function parseHttp(text: string, cloud: Cloud | undefined): ParsedAddress {
  const [, authority = '', path = ''] = /^https?:\/\/([^/?#]*)([^?#]*)/i.exec(text) ?? []
  if (authority.includes('@')) return { problem: `names a user before its host; ${EXPECTED}` }
  const host = authority.replace(/:\d{1,5}$/, '').toLowerCase()
  const segments = path.split('/').slice(1)
  const account = accountOf(host)
  if (account !== undefined) return strangeHost(host, cloud) ?? decodedRef(account, segments)
  if (host.length > MAX_HOST_LENGTH || !EMULATOR_HOST.test(host)) {
    return { problem: `the host does not tell the storage account; ${EXPECTED}` }
  }
  return decodedRef(segments[0] ?? '', segments.slice(1))
}

function accountOf(host: string): string | undefined {
  return host.length > MAX_HOST_LENGTH ? undefined : ACCOUNT_HOST.exec(host)?.[1]
}

/** What stands in the path of a URL is percent-encoded UTF-8. */
function decodedRef(account: string, [container = '', ...rest]: readonly string[]): ParsedAddress {
  const path = decoded(rest.join('/'))
  if (path === undefined) return { problem: 'holds a % that encodes no UTF-8; write %25 for a literal one' }
  return toBlobRef(account, container, path)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

function parseHadoop(text: string, cloud: Cloud | undefined): ParsedAddress {
  const [, container = '', authority = '', path = ''] = HADOOP.exec(text) ?? []
  const account = accountOf(authority.toLowerCase())
  if (account === undefined) return { problem: `the host does not tell the storage account; ${EXPECTED}` }
  return strangeHost(authority.toLowerCase(), cloud) ?? toBlobRef(account, container, path)
}

/** The same name in another cloud is another account. */
function strangeHost(host: string, cloud: Cloud | undefined): { problem: string } | undefined {
  const other = cloud && strangeCloudOf(cloud, host)
  if (cloud === undefined || other === undefined) return undefined
  return { problem: `is an address of ${other}, and this is ${cloud.name}; see LAKEMARK_CLOUD` }
}

function parsePlain(text: string, watched: readonly ContainerRef[]): ParsedAddress {
  if (text.startsWith('/')) return { problem: `begins with /; ${EXPECTED}` }
  const [first = '', second = '', ...rest] = text.split('/')
  const isWatched = watched.some(it => it.account === first && it.container === second)
  const accounts = [...new Set(watched.flatMap(it => (it.container === first ? it.account : [])))]
  if (!isWatched && accounts.length > 0) {
    if (accounts.length === 1) return toBlobRef(accounts[0] as string, first, text.slice(first.length + 1))
    return { problem: `container ${first} is in several accounts; give one of ${offered(accounts, text)}` }
  }
  if (CONTAINER.test(second) && rest.length > 0) return toBlobRef(first, second, rest.join('/'))
  if (!CONTAINER.test(first)) return { problem: `names neither a container nor an account; ${EXPECTED}` }
  return { problem: `no rule names a container ${first}; give its account too: <account>/${first}/…` }
}

function offered(accounts: readonly string[], text: string): string {
  const shown = accounts.slice(0, MAX_OFFERED).map(account => `${account}/${text.slice(0, 40)}`)
  return accounts.length > MAX_OFFERED ? `${shown.join(', ')}, …` : shown.join(', ')
}

/** Without control characters, as it is shown to people. */
function excerpt(text: string): string {
  return text
    .slice(0, 64)
    .toWellFormed()
    .replace(/\p{Cc}/gu, '\ufffd')
}
