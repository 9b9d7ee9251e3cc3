/** Room for this many events within one millisecond before the sequence runs ahead of the clock. */
const PER_MILLISECOND = 2n ** 20n
const DIGITS = 32

/**
 * Makes `data.sequencer`: 32 hex digits, each greater than the one before as a string. Time is its upper
 * part, so that a restarted process goes on above its predecessor, as long as the clock is not set back.
 */
export function createSequencer(now: () => number): () => string {
  let last = 0n
  return () => {
    const tick = BigInt(Math.trunc(now())) * PER_MILLISECOND
    last = tick > last ? tick : last + 1n
    return last.toString(16).padStart(DIGITS, '0')
  }
}
