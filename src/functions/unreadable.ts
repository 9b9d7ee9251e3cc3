/** A queue message that is none of those that its function knows, for people to look at. */
export function unreadable(input: unknown): { kind: 'unreadable'; text: string } {
  return { kind: 'unreadable', text: typeof input === 'string' ? input : toText(input) }
}

/** What can be read as JSON may be nested too deeply to be written as such. */
function toText(input: unknown): string {
  try {
    return String(JSON.stringify(input))
  } catch (error) {
    if (error instanceof RangeError) return 'JSON that is nested too deeply'
    throw error
  }
}
