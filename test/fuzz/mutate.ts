/** Valid samples with some of what they hold deleted, replaced, repeated, nested or renamed. */
import fc from 'fast-check'
import { hostileKey, hostileValue, type Json } from './hostile.ts'

interface Mutation {
  kind: 'delete' | 'replace' | 'repeat' | 'nest' | 'rename' | 'add' | 'stretch'
  /** Which of all values in the sample, modulo their number. */
  at: number
  key: string
  value: Json
}

/** One to `most` mutations of one of the samples. */
export function mutated(samples: readonly Json[], { most = 3 }: { most?: number } = {}): fc.Arbitrary<Json> {
  const mutation: fc.Arbitrary<Mutation> = fc.record({
    kind: fc.constantFrom('delete', 'replace', 'replace', 'repeat', 'nest', 'rename', 'add', 'stretch'),
    at: fc.nat({ max: 200 }),
    key: hostileKey,
    value: hostileValue,
  })
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(mutation, { minLength: 1, maxLength: most }))
    .map(([sample, mutations]) => mutations.reduce(mutate, structuredClone(sample)))
}

type Holder = Record<string, Json>

function mutate(sample: Json, { kind, at, key, value }: Mutation): Json {
  const places = placesIn(sample)
  const place = places[at % (places.length + 1)]
  // The sample as a whole is a place too.
  if (place === undefined) return kind === 'nest' ? [sample] : kind === 'replace' ? value : sample
  const { holder, name } = place
  const old = holder[name] as Json
  switch (kind) {
    case 'delete':
      delete holder[name]
      break
    case 'replace':
      set(holder, name, value)
      break
    case 'repeat':
      set(holder, name, [old, structuredClone(old), value])
      break
    case 'nest':
      set(holder, name, { [key === '__proto__' ? 'own' : key]: old })
      break
    case 'rename':
      delete holder[name]
      set(holder, Array.isArray(holder) ? name : key, old)
      break
    case 'add':
      if (!Array.isArray(holder)) set(holder, key, value)
      break
    case 'stretch':
      set(holder, name, typeof old === 'string' ? old.repeat(1 + (at % 300)) : value)
  }
  return sample
}

/** Every value below the top, with what holds it. Two levels of what was put in are enough. */
function placesIn(sample: Json): { holder: Holder; name: string }[] {
  const places: { holder: Holder; name: string }[] = []
  const visit = (value: Json, depth: number) => {
    if (typeof value !== 'object' || value === null || depth > 6) return
    for (const name of Object.keys(value)) {
      places.push({ holder: value as Holder, name })
      visit((value as Holder)[name] as Json, depth + 1)
    }
  }
  visit(sample, 0)
  return places
}

/** As JSON.parse does: `__proto__` is a key like any other. */
function set(holder: Holder, name: string, value: Json): void {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true })
}
