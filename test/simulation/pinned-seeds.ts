/**
 * Seeds that failed once, with what they found. A seed is the same history only as long as the simulation and the
 * code make the same calls: what is found often enough lives on as the mutation that brings the defect back.
 */
export const PINNED_SEEDS: readonly { seed: number; found: string }[] = [
  {
    seed: 67,
    found:
      'passing trouble with the first version behind numbers that a stranger had used was taken for success, ' +
      'and the version stayed pending for ever (mutation gap-loses-delivery)',
  },
  {
    seed: 393,
    found:
      'a version that was given to another workspace while a worker was under way was passed over by it, ' +
      'and stayed pending for ever (mutation rewrite-overlooked)',
  },
]
