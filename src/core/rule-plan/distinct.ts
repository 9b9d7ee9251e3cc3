import { hash } from 'node:crypto'

/** Counts different texts in bounded memory. */
export interface Distinct {
  /**
   * How many texts the answer stands for: 1 for a new text, 0 for one that was seen before. Once the limit is
   * passed, texts are sampled: then most answers are 0, and a new one of the sample stands for 2, 4, 8 … texts.
   */
  add(text: string): number
  /** False: the limit was passed, and the sums of the answers since are estimates. */
  isExact(): boolean
}

/** A table this much fuller takes long to search. */
const SLOTS_PER_TEXT = 2
const SEED_SLOTS = 1024

/**
 * Exact up to `limit` texts, by 63 bits of their SHA-256: that two of a million texts meet has a chance of one in
 * tens of millions. Beyond, the half of the texts whose hash has one more zero at its end is kept, and stands for
 * all: with a limit of a million, the estimate is within about 0.3 % two times in three. 16 bytes a text.
 */
export function createDistinct(limit: number): Distinct {
  let highs = new Uint32Array(SEED_SLOTS)
  let lows = new Uint32Array(SEED_SLOTS)
  let count = 0
  let zeros = 0

  return {
    add(text) {
      const digest = hash('sha256', text, 'buffer')
      const [high, low] = [digest.readUInt32LE(0), digest.readUInt32LE(4) | 1]
      if (!isSampled(high) || !insert(high, low)) return 0
      const weight = 2 ** zeros
      if (count > limit) halve()
      else if (count * SLOTS_PER_TEXT > highs.length) rebuild(highs.length * 2)
      return weight
    },
    isExact: () => zeros === 0,
  }

  function isSampled(high: number): boolean {
    return zeros === 0 || (high & (2 ** zeros - 1)) === 0
  }

  /** False: it is there already. A low half of 0 marks a free slot, so none is 0. */
  function insert(high: number, low: number): boolean {
    const mask = highs.length - 1
    for (let slot = (low >>> 1) & mask; ; slot = (slot + 1) & mask) {
      if (lows[slot] === 0) {
        highs[slot] = high
        lows[slot] = low >>> 0
        count += 1
        return true
      }
      if (lows[slot] === low >>> 0 && highs[slot] === high) return false
    }
  }

  function halve() {
    while (count > limit) {
      zeros += 1
      rebuild(highs.length)
    }
  }

  function rebuild(slots: number) {
    const [oldHighs, oldLows] = [highs, lows]
    highs = new Uint32Array(slots)
    lows = new Uint32Array(slots)
    count = 0
    for (const [slot, low] of oldLows.entries()) {
      const high = oldHighs[slot] as number
      if (low !== 0 && isSampled(high)) insert(high, low)
    }
  }
}
