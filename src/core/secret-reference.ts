import { CLOUD_NAMES, type Cloud, cloudOf } from './clouds.ts'

/** A secret by its place in Azure Key Vault: what may stand in rules, rows, logs and answers. */
export interface SecretReference {
  /** `https://team.vault.azure.net` */
  vault: string
  name: string
  /** Undefined: the newest. */
  version: string | undefined
}

/** Vaults of any cloud; names and versions are those that Key Vault itself takes. */
const REFERENCE = new RegExp(
  `^keyvault:https://([a-z0-9-]{3,24}\\.(?:${suffixes().join('|')}))/secrets/([a-z0-9-]{1,127})(?:/([a-f0-9]{32}))?/?$`,
  'i',
)

/** For editors: the same without the clouds. */
export const REFERENCE_PATTERN = '^keyvault:https://[^/]+/secrets/[^/]+(/[^/]+)?/?$'

export const REFERENCE_EXAMPLE = 'keyvault:https://team.vault.azure.net/secrets/name'

/**
 * The text is never repeated in a problem: somebody may have given the secret itself. With a cloud, vaults of others
 * are refused: a token is shown to no host that is not one of the cloud's own.
 */
export function parseSecretReference(text: unknown, cloud?: Cloud): SecretReference | { problem: string } {
  const [, host, name, version] = (typeof text === 'string' ? REFERENCE.exec(text) : null) ?? []
  if (host === undefined || name === undefined) {
    return {
      problem: `is not a reference to a secret in Key Vault, and is not repeated here; write ${REFERENCE_EXAMPLE}`,
    }
  }
  const vault = host.toLowerCase()
  if (cloud !== undefined && !vault.endsWith(`.${cloud.vaultSuffix}`)) {
    return {
      problem: `names a vault that is none of ${cloud.name}, whose vaults end in .${cloud.vaultSuffix}; correct the address, or LAKEMARK_CLOUD`,
    }
  }
  return { vault: `https://${vault}`, name, version }
}

/** Whether both are the same secret, in whatever version. Names of secrets do not tell upper from lower case. */
export function isSameSecret(a: SecretReference, b: SecretReference): boolean {
  return a.vault === b.vault && a.name.toLowerCase() === b.name.toLowerCase()
}

function suffixes(): string[] {
  return CLOUD_NAMES.map(name => cloudOf(name).vaultSuffix.replaceAll('.', '\\.'))
}
