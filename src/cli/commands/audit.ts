import type { AuditOptions } from '../actions/audit.ts'
import { defineCommand, JSON_OPTION, LIMIT_OPTION, SERVICE_OPTIONS } from '../command.ts'

export const auditCommand = defineCommand({
  name: 'audit',
  group: 'The service:',
  summary: 'who changed what through the API, newest first',
  description: 'who changed what through the API, newest first',
  options: [
    { flags: '--from <time>', description: 'calls of then and later, such as 2026-01-31T12:00:00Z' },
    { flags: '--to <time>', description: 'calls before then' },
    { ...LIMIT_OPTION, description: 'how many at most; where there are more, that is said (default: 100)' },
    JSON_OPTION,
    ...SERVICE_OPTIONS,
  ],
  example: 'audit --from 2026-01-31T00:00:00Z',
  async run(options: AuditOptions) {
    const { audit } = await import('../actions/audit.ts')
    await audit(options)
  },
})
