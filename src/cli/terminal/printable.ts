/** What a terminal obeys, what turns a line around, and what some take for a new line. */
const OBEYED = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

/** One line that can do nothing but be read: names of files are anybody's. */
export function printable(text: string): string {
  return text.replace(OBEYED, '\ufffd')
}

/** The same for several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}
