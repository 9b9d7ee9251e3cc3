/** Numbers that look random and are the same for the same seed: sfc32, seeded through splitmix32. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number in [from, to]. */
  between(from: number, to: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** Many small values and some large ones: evenly spread over the orders of magnitude from `from` to `to`. */
  scale(from: number, to: number): number
  /** A sequence of its own: what is drawn from it leaves this one alone. */
  fork(): Random
}

export function createRandom(seed: number): Random {
  let mix = seed | 0
  let a = splitmix()
  let b = splitmix()
  let c = splitmix()
  let counter = 1
  for (let warmUp = 0; warmUp < 12; warmUp += 1) draw()

  function splitmix(): number {
    mix = (mix + 0x9e3779b9) | 0
    let z = mix ^ (mix >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }

  /** 32 bits, unsigned. */
  function draw(): number {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }

  const next = () => draw() / 0x1_0000_0000
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: probability => probability > 0 && next() < probability,
    pick: items => items[Math.floor(next() * items.length)] as (typeof items)[number],
    scale: (from, to) => from * (to / from) ** next(),
    fork: () => createRandom(draw()),
  }
}
