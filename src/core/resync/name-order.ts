/**
 * The order in which a container is listed. Accounts without hierarchical namespace list by UTF-16 code units
 * (blobfile's pull request 238 tried every character), which is also how JavaScript compares strings; those with one
 * list a directory before what merely begins like it, as if the slash came before all other characters
 * (azure-sdk-for-go, issue 24210). 'unknown': neither fits, and nothing is concluded from the order.
 */
export type ListingOrder = 'flat' | 'hierarchical' | 'unknown'

/** Sorts before every character that names of blobs have. */
const FIRST = '\u0000'
const LAST_UNIT = 0xffff
/** A row key of Table Storage has up to 512 characters; one stands in front, six bits in each of the others. */
export const MAX_BOUND_BYTES = 380

/** Texts that compare as the names are listed. */
export function sortTextOf(name: string, order: ListingOrder): string {
  return order === 'hierarchical' ? name.replaceAll('/', FIRST) : name
}

/** The other order, where names were found to contradict this one; 'unknown' where they contradict both. */
export function orderInstead(order: ListingOrder, earlier: string, later: string): ListingOrder {
  const other = order === 'flat' ? 'hierarchical' : 'flat'
  return order !== 'unknown' && sortTextOf(earlier, other) < sortTextOf(later, other) ? other : 'unknown'
}

/** Everything that begins with the text sorts before this and not before the text; undefined: no end. */
export function endOfPrefix(text: string): string | undefined {
  for (let length = text.length; length > 0; length -= 1) {
    const unit = text.charCodeAt(length - 1)
    if (unit < LAST_UNIT) return text.slice(0, length - 1) + String.fromCharCode(unit + 1)
  }
  return undefined
}

/** The shortest text that sorts behind `before` and not behind `after`: a prefix of `after`. */
export function boundBetween(before: string, after: string): string {
  let length = 0
  while (length < before.length && before[length] === after[length]) length += 1
  return after.slice(0, length + 1)
}

/** Whether a row may begin with this bound. */
export function isShortBound(bound: string): boolean {
  // No code unit takes more than three bytes.
  return bound.length * 3 <= MAX_BOUND_BYTES || unitBytes(bound).length <= MAX_BOUND_BYTES
}

/**
 * A row key that sorts, by ASCII, as the bounds do by UTF-16 code units: every unit as one to three bytes in the
 * manner of UTF-8 (surrogates each for themselves), these as base64 whose digits are in the order of ASCII. Bounds
 * must be short ones; '' has the key '-', as row keys are not empty.
 */
export function keyOfBound(bound: string): string {
  const base64 = Buffer.from(unitBytes(bound)).toString('base64url')
  return `-${base64.replace(/./g, digit => IN_ORDER[digit] as string)}`
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ASCENDING = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const IN_ORDER = Object.fromEntries([...BASE64].map((digit, index) => [digit, ASCENDING[index]]))

const BACK = Object.fromEntries([...ASCENDING].map((digit, index) => [digit, BASE64[index]]))

function unitBytes(text: string): number[] {
  const bytes: number[] = []
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) bytes.push(unit)
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f))
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f))
  }
  return bytes
}

/** The bound that a key was made of. */
export function boundOfKey(key: string): string {
  const base64 = key.slice(1).replace(/./g, digit => BACK[digit] ?? '')
  const bytes = Buffer.from(base64, 'base64url')
  let text = ''
  for (let index = 0; index < bytes.length; ) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(index, index + 3)
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3
    const two = ((first & 0x1f) << 6) | (second & 0x3f)
    const three = ((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f)
    text += String.fromCharCode([first, two, three][length - 1] as number)
    index += length
  }
  return text
}
