/** The events of one delivery, however the host hands them over: one, several, or as texts. */
export function toEvents(input: unknown): unknown[] {
  return (Array.isArray(input) ? input : [input]).map(toEvent)
}

/** Collections may reach a function as texts. What is not JSON is for the intake to complain of. */
function toEvent(item: unknown): unknown {
  if (typeof item !== 'string') return item
  try {
    return JSON.parse(item)
  } catch (error) {
    if (error instanceof SyntaxError) return item
    throw error
  }
}
