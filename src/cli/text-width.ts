/** How many cells of a terminal a character takes. */

/** Combining marks, variation selectors, joiners and the like, which show as part of what precedes them. */
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u
/** East Asian wide and fullwidth characters, and what terminals draw as pictures. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]$|^\p{Emoji_Presentation}$/u

/** 0, 1 or 2. `character` is one code point. */
export function widthOf(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}
