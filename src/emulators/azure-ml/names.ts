/** The provider's namespace; ARM compares it, and resource types, without regard to case. */
export const PROVIDER = 'Microsoft.MachineLearningServices'

/** Names of data containers and datastores in a PUT, as the service's REST definition has it. */
export const RESOURCE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$/

/**
 * Version names in a PUT: at most 30 characters is a fact; that the alphabet is that of names plus the dot
 * (versions such as `1.0.2` are common) is our reading.
 */
export const VERSION_NAME = /^[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,29}$/

const INTEGER = /^[0-9]+$/

/** The number in a version's name; undefined where the name is not a whole number, such as `foo` or `1.0`. */
export function versionNumber(version: string): bigint | undefined {
  return INTEGER.test(version) ? BigInt(version) : undefined
}
