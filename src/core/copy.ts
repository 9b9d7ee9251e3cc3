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
  const copied: Record<string, unknown> = {}
  for (const key of Object.keys(value)) set(copied, key, copy((value as Record<string, unknown>)[key]))
  return copied
}

/** Keys are other people's words: one of them may be `__proto__`. */
function set(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}
