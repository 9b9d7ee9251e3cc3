/** Why a text is not a pattern, fit to stand behind the name of a key. */
export interface PatternProblem {
  problem: string
}
