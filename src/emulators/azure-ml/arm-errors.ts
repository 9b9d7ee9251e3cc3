import { randomUUID } from 'node:crypto'

/** One entry of an ARM error's `details`. */
export interface ArmErrorDetail {
  code: string
  message: string
  /** The part of the request that the detail is about, such as `properties.dataUri`. */
  target?: string
}

interface ArmErrorOptions {
  details?: ArmErrorDetail[]
  headers?: Record<string, string>
  /** Who answers: Azure Resource Manager itself, or the Machine Learning service behind it. */
  from?: 'arm' | 'service'
}

/** A refusal that the caller sees as `{error: {code, message, …}}` with this status. */
export class ArmError extends Error {
  override readonly name = 'ArmError'
  readonly status: number
  readonly code: string
  readonly details: ArmErrorDetail[]
  readonly headers: Record<string, string>
  readonly from: 'arm' | 'service'

  constructor(status: number, code: string, message: string, options: ArmErrorOptions = {}) {
    super(message)
    this.status = status
    this.code = code
    this.details = options.details ?? []
    this.headers = options.headers ?? {}
    this.from = options.from ?? 'arm'
  }
}

/**
 * What the Machine Learning service, rather than ARM, says of a wrong request:
 * code `UserError` with details and correlation data, as in recorded traffic.
 */
export function userError(status: number, message: string, details: ArmErrorDetail[] = []): ArmError {
  return new ArmError(status, 'UserError', message, { details, from: 'service' })
}

/** The service's 404. The codes of its `details` end in `NotFound`; the part before that is our reading. */
export function serviceNotFound(kind: 'DataContainer' | 'DataVersion' | 'Datastore', name: string): ArmError {
  const detail = { code: `${kind}NotFound`, message: `${kind} ${name} was not found.` }
  return userError(404, 'The specified resource was not found.', [detail])
}

/** The JSON body of an error, shaped by whoever answers. */
export function toErrorBody(error: ArmError, nowMs: number): unknown {
  const { code, message, details } = error
  if (error.from === 'arm')
    return { error: details.length > 0 ? { code, message, details } : { code, message } }
  return { error: { code, message, details, additionalInfo: additionalInfo(nowMs) } }
}

function additionalInfo(nowMs: number): unknown[] {
  const correlation = { operation: randomUUID().replaceAll('-', ''), request: randomUUID().slice(0, 16) }
  return [
    { type: 'ComponentName', info: { value: 'managementfrontend' } },
    { type: 'Correlation', info: { value: correlation } },
    { type: 'Environment', info: { value: 'local' } },
    { type: 'Time', info: { value: new Date(nowMs).toISOString() } },
  ]
}
