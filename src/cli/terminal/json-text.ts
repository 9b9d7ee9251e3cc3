/**
 * JSON that people may look at: what JSON itself leaves as it is and a terminal would obey, or show in another order,
 * is escaped. Programs read the same values.
 */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\p{Bidi_Control}\u2028\u2029]/gu,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
