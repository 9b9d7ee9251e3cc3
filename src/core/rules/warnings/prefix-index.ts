/** Longer prefixes are told apart by so many characters only: more may seem to meet, never fewer. */
const MAX_PREFIX_LENGTH = 64

export interface PrefixIndex<T> {
  add(prefix: string, value: T): void
  /** What was added under a prefix that begins with this one, or that this one begins with. */
  meeting(prefix: string): Generator<T>
}

export function createPrefixIndex<T>(): PrefixIndex<T> {
  const whole = new Map<string, T[]>()
  const beginnings = new Map<string, T[]>()
  return {
    add: (text, value) => {
      const prefix = text.slice(0, MAX_PREFIX_LENGTH)
      append(whole, prefix, value)
      for (let length = 0; length < prefix.length; length++)
        append(beginnings, prefix.slice(0, length), value)
    },
    *meeting(text) {
      const prefix = text.slice(0, MAX_PREFIX_LENGTH)
      for (let length = 0; length <= prefix.length; length++) yield* whole.get(prefix.slice(0, length)) ?? []
      yield* beginnings.get(prefix) ?? []
    },
  }
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}
