/** Chance that can be had again: everything drawn follows from the seed. */
export interface Random {
  /** From 0 to below 1. */
  next(): number
  /** Whole, from 0 to below `bound`. */
  below(bound: number): number
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
  /** Chance of its own for one part, so that how much one part draws changes nothing for the others. */
  fork(name: string): Random
}

/** Mulberry32: 32 bits of state are plenty for choosing whom to hurt. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return {
    next,
    below,
    chance: probability => next() < probability,
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new Error('there is nothing to pick from')
      return from[below(from.length)] as T
    },
    fork: name => createRandom(hashOf(`${seed} ${name}`)),
  }
}

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
