import { parseSecretReference, type SecretReference } from './secret-reference.ts'

const NEW_VERSION = 'Microsoft.KeyVault.SecretNewVersionCreated'

/**
 * The secret of which an event of Key Vault says that it has a new version, in Event Grid's schema or as a CloudEvent
 * (learn.microsoft.com/azure/event-grid/event-schema-key-vault: `data.Id` is the version's address). Never throws;
 * undefined where it says nothing of the kind.
 */
export function parseSecretEvent(input: unknown): SecretReference | undefined {
  const event = toRecord(input)
  if ((event['eventType'] ?? event['type']) !== NEW_VERSION) return undefined
  const data = toRecord(event['data'])
  // The documentation writes it in both ways.
  const id = data['Id'] ?? data['id']
  const parsed = parseSecretReference(typeof id === 'string' ? `keyvault:${id.trim()}` : undefined)
  return 'problem' in parsed ? undefined : parsed
}

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
