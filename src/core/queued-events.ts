const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * The events in one message: Event Grid writes one a message, as JSON or as base64 of it (both have been seen); an
 * array is taken as well. What was JSON may have been parsed on its way. Undefined where it is neither.
 */
export function fromEventQueue(input: unknown): unknown[] | undefined {
  const value = typeof input === 'string' ? parsed(input.trim()) : input
  if (Array.isArray(value)) return value
  return typeof value === 'object' && value !== null ? [value] : undefined
}

function parsed(text: string): unknown {
  return jsonOf(BASE64.test(text) ? Buffer.from(text, 'base64').toString('utf8') : text)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
