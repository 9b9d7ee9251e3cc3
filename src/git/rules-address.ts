/** Where the rules are: a folder of this machine, or a folder in a git repository at the tip of a branch. */
export type RulesAddress =
  | { kind: 'folder'; folder: string }
  | {
      kind: 'git'
      /** `https:`, `http:` or `file:`, without credentials. */
      url: string
      /** A branch or tag; undefined: the repository's default branch. */
      ref: string | undefined
      /** From the repository's root, without slashes at its ends; '': the root itself. */
      folder: string
    }

const EXAMPLE = 'git+https://host/org/repo#main:rules'
const PREFIX = /^git\+/i
const SCHEMES = ['https:', 'http:', 'file:']
const MAX_ADDRESS_LENGTH = 2048
const MAX_REF_LENGTH = 255

/**
 * Reads `git+https://host/org/repo#branch:folder`, where `#branch` and `:folder` may be left out; `git+http:` and
 * `git+file:///path` likewise. Whatever does not begin with `git+` is a folder. A problem says what is wrong and what
 * would be right, and never repeats the address, which may hold a credential.
 */
export function parseRulesAddress(text: string): RulesAddress | { problem: string } {
  if (text.trim() === '') return wrong('names no rules; give a folder, or a git address')
  if (!PREFIX.test(text)) return { kind: 'folder', folder: text }
  if (text.length > MAX_ADDRESS_LENGTH) return wrong(`is longer than ${MAX_ADDRESS_LENGTH} characters`)

  const [address, place] = cutAt(text.replace(PREFIX, ''), '#')
  const url = parseUrl(address)
  if (typeof url !== 'string') return url
  const [ref, path] = cutAt(place, ':')
  const refProblem = ref === '' ? undefined : problemOfRef(ref)
  if (refProblem !== undefined) return wrong(`has a branch that ${refProblem}, as in ${EXAMPLE}`)
  const segments = path.split('/').filter(segment => segment !== '' && segment !== '.')
  if (segments.includes('..')) return wrong(`has '..' in its folder; write it from the repository's root`)
  if (hasControls(path)) return wrong('has a control character in its folder')
  return { kind: 'git', url, ref: ref === '' ? undefined : ref, folder: segments.join('/') }
}

function parseUrl(address: string): string | { problem: string } {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase()
  if (scheme === undefined) return wrong(`is no URL after git+; write it as in ${EXAMPLE}`)
  if (!SCHEMES.includes(`${scheme}:`)) {
    return wrong(`has a scheme that rules are not read by, git+${scheme}; use git+https:// or git+file://`)
  }
  const url = URL.parse(address)
  if (url === null) return wrong(`is no URL after git+; write it as in ${EXAMPLE}`)
  if (url.username !== '' || url.password !== '') {
    return wrong('holds a credential; leave it out and put the token into LAKEMARK_RULES_TOKEN')
  }
  if (url.search !== '') return wrong(`has a query ('?…'); leave it out, as in ${EXAMPLE}`)
  if (scheme === 'file' && url.host !== '') {
    return wrong('names a host for a file; write three slashes, as in git+file:///path/to/clone#main:rules')
  }
  url.pathname = url.pathname.replace(/\/+$/, '')
  if (url.pathname === '' || url.pathname === '/') {
    return wrong(`names no repository; give its path too, as in ${EXAMPLE}`)
  }
  return url.href
}

/** Git's own rules for the names of branches and tags (`git check-ref-format`). */
function problemOfRef(ref: string): string | undefined {
  if (ref.length > MAX_REF_LENGTH) return `is longer than ${MAX_REF_LENGTH} characters`
  if (hasControls(ref) || /[ ~^?*[\\]/.test(ref)) return 'has a character that git does not allow in one'
  if (ref.includes('..') || ref.includes('@{') || ref === '@')
    return `has '..' or '@', which means another thing`
  const parts = ref.split('/')
  const isOdd = parts.some(part => part === '' || part.startsWith('.') || /(\.|\.lock)$/.test(part))
  if (isOdd || ref.startsWith('-'))
    return 'is no name that git allows; write it without refs/heads/ and the like'
  if (ref.startsWith('refs/')) return 'begins with refs/; write the name alone'
  return undefined
}

function hasControls(text: string): boolean {
  return [...text].some(character => character < ' ' || character === '\u007f')
}

/** What stands before and after the first mark; '' where nothing does. */
function cutAt(text: string, mark: string): [string, string] {
  const index = text.indexOf(mark)
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)]
}

function wrong(what: string): { problem: string } {
  return { problem: `the address of the rules ${what}` }
}
