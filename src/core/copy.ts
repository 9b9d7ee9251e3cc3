/**
 * A deep copy of plain data: objects, arrays, maps, and what cannot be changed. Several times faster than
 * `structuredClone`, which has to reckon with everything else.
 */
export function copyOf<T>(value: T): T {
  return copy(value) as T
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  if (value instanceof Map) return new Map(Array.from(value, ([key, item]) => [key, copy(item)]))
  // Keys are other people's words, and one of them may be `__proto__`: spread makes it a property like any other.
  const copied: Record<string, unknown> = { ...value }
  for (const key in copied) {
    const item = copied[key]
    if (typeof item === 'object' && item !== null) copied[key] = copy(item)
  }
  return copied
}
