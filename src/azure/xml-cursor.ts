/**
 * A strict reader of the XML that List Blobs answers with: elements, attributes and text. What such an answer never
 * holds (comments, CDATA, document types, mixed content) is refused, and so is all that is not well-formed.
 *
 * It walks over the bytes and makes nothing but the values that are asked for: a listing has thirty elements a blob,
 * and a string for the name of each would be most of the work, most of it for the garbage collector.
 */
export interface XmlCursor<Name extends string> {
  /** Takes white space, and tells whether the bytes end there. */
  isAtEnd(): boolean
  /** Takes `<?xml …?>`, and the mark of byte order before it, where they are next. */
  skipDeclaration(): void
  /** Takes the start tag that is next and answers its name where it is known; undefined: it took `parent`'s end tag. */
  enter(parent: Name): Name | 'other' | undefined
  /** The name of the element entered last, known or not. */
  name(): string
  /** The value of an attribute of the element entered last; right where both are ASCII. */
  attribute(name: string): string | undefined
  /** The text of the element entered last, which holds nothing else; takes its end tag. */
  text(): string
  /** Takes the rest of the element entered last, whatever it holds. */
  skip(): void
}

/** By their length. */
export type KnownNames<Name extends string> = readonly (readonly Name[])[]

/** Answers are not nested deeper than six elements; a bound for what is not an answer. */
const MAX_DEPTH = 32
/** The longest start tag, that of the root, names an account and a container. */
const MAX_TAG_BYTES = 4096
const [OPEN, SLASH, CLOSE, AMPERSAND, RETURN] = [0x3c, 0x2f, 0x3e, 0x26, 0x0d]
const SPACES = [0x20, 0x09, 0x0a, 0x0d]
const FIRST_BEYOND_ASCII = 0x80
const BYTE_ORDER_MARK = Buffer.from('\ufeff')
const ATTRIBUTE = /\s+([^\s=<>"'/]+)\s*=\s*("[^"<]*"|'[^'<]*')/y
const TAG_END = /\s*(\/?)>/y
const REFERENCE = /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));|&/gi
const NAMED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const IS_SPACE = byteTable(SPACES)
/** What can follow a byte of a name, and what cannot be in one. */
const ENDS_NAME = byteTable([...SPACES, SLASH, CLOSE])
const IN_NO_NAME = byteTable([OPEN, 0x21, 0x3f, AMPERSAND])

/** Names of ASCII characters. */
export function knowNames<Name extends string>(names: readonly Name[]): KnownNames<Name> {
  const longest = Math.max(...names.map(({ length }) => length))
  return Array.from({ length: longest + 1 }, (_, length) => names.filter(name => name.length === length))
}

/** `bytes`: valid UTF-8 that ends where a tag does. `refuse` throws, given what is wrong. */
export function createXmlCursor<Name extends string>(
  bytes: Buffer,
  known: KnownNames<Name>,
  refuse: (what: string) => never,
): XmlCursor<Name> {
  let at = 0
  /** Of the element entered last: where its name is, whether it was `<Name/>`, what else its tag says. */
  let nameFrom = 0
  let nameTo = 0
  let isEmpty = false
  let attributes: Map<string, string> | undefined

  function skipSpace(): void {
    while (at < bytes.length && IS_SPACE[bytes[at] ?? 0] === 1) at += 1
  }

  /** Takes the end tag that is next, of the element whose name is there. */
  function takeEnd(from: number, to: number): void {
    at += 2
    for (let index = from; index < to; index += 1, at += 1) {
      if (bytes[at] !== bytes[index]) refuse('an element in it ends where another one should')
    }
    takeClose()
  }

  function takeEndOf(name: string): void {
    at += 2
    if (!isNameAt(name, at)) refuse(`<${name}> does not end`)
    at += name.length
    takeClose()
  }

  function takeClose(): void {
    skipSpace()
    if (bytes[at] !== CLOSE) refuse('it has an end tag that does not end')
    at += 1
  }

  function isNameAt(name: string, from: number): boolean {
    for (let index = 0; index < name.length; index += 1) {
      if (bytes[from + index] !== name.charCodeAt(index)) return false
    }
    return true
  }

  function takeStart(): void {
    at += 1
    nameFrom = at
    while (at < bytes.length && ENDS_NAME[bytes[at] ?? 0] === 0) {
      if (IN_NO_NAME[bytes[at] ?? 0] === 1) refuse('it has a tag that listings do not have')
      at += 1
    }
    nameTo = at
    if (nameTo === nameFrom) refuse('it has a tag without a name')
    attributes = undefined
    isEmpty = false
    skipSpace()
    if (bytes[at] === SLASH && bytes[at + 1] === CLOSE) {
      isEmpty = true
      at += 2
    } else if (bytes[at] === CLOSE) at += 1
    else takeAttributes(nameTo)
  }

  function takeAttributes(from: number): void {
    const tag = bytes.toString('latin1', from, from + MAX_TAG_BYTES)
    TAG_END.lastIndex = 0
    ATTRIBUTE.lastIndex = 0
    for (let found = ATTRIBUTE.exec(tag); found !== null; found = ATTRIBUTE.exec(tag)) {
      const [, name = '', value = ''] = found
      attributes ??= new Map()
      attributes.set(name, decode(value.slice(1, -1), refuse))
      TAG_END.lastIndex = ATTRIBUTE.lastIndex
    }
    const end = TAG_END.exec(tag)
    if (end === null) refuse('it has a tag that listings do not have')
    isEmpty = end?.[1] === '/'
    at = from + TAG_END.lastIndex
  }

  function enter(parent: Name): Name | 'other' | undefined {
    if (isEmpty) {
      isEmpty = false
      return undefined
    }
    skipSpace()
    if (bytes[at] !== OPEN) refuse(`<${parent}> holds text or does not end`)
    if (bytes[at + 1] === SLASH) {
      takeEndOf(parent)
      return undefined
    }
    takeStart()
    for (const name of known[nameTo - nameFrom] ?? []) if (isNameAt(name, nameFrom)) return name
    return 'other'
  }

  function text(): string {
    if (isEmpty) {
      isEmpty = false
      return ''
    }
    const from = at
    let isAscii = true
    let isPlain = true
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0
      if (byte === OPEN) break
      if (byte >= FIRST_BEYOND_ASCII) isAscii = false
      else if (byte === AMPERSAND || byte === RETURN) isPlain = false
    }
    if (bytes[at + 1] !== SLASH) refuse('a value in it holds elements or does not end')
    const raw = bytes.toString(isAscii ? 'latin1' : 'utf8', from, at)
    takeEnd(nameFrom, nameTo)
    return isPlain ? raw : decode(raw, refuse)
  }

  function skip(depth = 0): void {
    if (depth > MAX_DEPTH) refuse('its elements are nested too deeply')
    const [from, to] = [nameFrom, nameTo]
    let isLeaf = true
    while (!isEmpty) {
      if (isLeaf) while (at < bytes.length && bytes[at] !== OPEN) at += 1
      else skipSpace()
      if (bytes[at] !== OPEN) refuse('an element in it holds text among others, or does not end')
      if (bytes[at + 1] === SLASH) {
        takeEnd(from, to)
        return
      }
      isLeaf = false
      takeStart()
      skip(depth + 1)
    }
    isEmpty = false
  }

  return {
    isAtEnd() {
      skipSpace()
      return at >= bytes.length
    },
    skipDeclaration() {
      if (bytes.indexOf(BYTE_ORDER_MARK) === 0) at += BYTE_ORDER_MARK.length
      if (bytes.toString('latin1', at, at + 5) !== '<?xml') return
      const end = bytes.indexOf('?>', at)
      if (end < 0) refuse('its declaration does not end')
      at = end + 2
    },
    enter,
    name: () => bytes.toString('utf8', nameFrom, nameTo),
    attribute: name => attributes?.get(name),
    text,
    skip: () => skip(),
  }
}

/** References to characters, and ends of lines as XML wants them (2.11). */
function decode(raw: string, refuse: (what: string) => never): string {
  const text = raw.includes('\r') ? raw.replace(/\r\n?/g, '\n') : raw
  if (!text.includes('&')) return text
  return text.replace(REFERENCE, (reference, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return NAMED[name] ?? refuse(`it refers to ${reference}`)
    const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16)
    const isCharacter = code <= 0x10_ffff && !(code >= 0xd800 && code <= 0xdfff)
    return isCharacter ? String.fromCodePoint(code) : refuse(`it refers to ${reference}`)
  })
}

function byteTable(marked: readonly number[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const byte of marked) table[byte] = 1
  return table
}
