/**
 * Azure's clouds, by the names of `az cloud list`, which is where the addresses come from (the Azure CLI's `cloud.py`;
 * the table in https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure and
 * https://learn.microsoft.com/azure/china/resources-developer-guide say the same). Everything that has to know an
 * address of Azure's reads it here.
 */
export interface Cloud {
  name: CloudName
  /** Of the sign-in service; no slash at the end, as in all addresses here. */
  authority: string
  /** In whose name it issues tokens of version 2 (its own documents say so, under `/v2.0/.well-known/openid-configuration`). */
  issuer: string
  /** Azure Resource Manager. Tokens for it are asked for under the same address, as its SDKs do. */
  arm: string
  /** The end of every storage host: `<account>.blob.<suffix>`. Tokens for storage have one audience in all clouds. */
  storageSuffix: string
  /** The end of every vault's host: `<vault>.<suffix>`. */
  vaultSuffix: string
}

export const CLOUD_NAMES = ['AzureCloud', 'AzureUSGovernment', 'AzureChinaCloud'] as const

export type CloudName = (typeof CLOUD_NAMES)[number]

const CLOUDS: Readonly<Record<CloudName, Omit<Cloud, 'name'>>> = {
  AzureCloud: {
    authority: 'https://login.microsoftonline.com',
    issuer: 'https://login.microsoftonline.com',
    arm: 'https://management.azure.com',
    storageSuffix: 'core.windows.net',
    vaultSuffix: 'vault.azure.net',
  },
  AzureUSGovernment: {
    authority: 'https://login.microsoftonline.us',
    issuer: 'https://login.microsoftonline.us',
    arm: 'https://management.usgovcloudapi.net',
    storageSuffix: 'core.usgovcloudapi.net',
    vaultSuffix: 'vault.usgovcloudapi.net',
  },
  AzureChinaCloud: {
    authority: 'https://login.chinacloudapi.cn',
    issuer: 'https://login.partner.microsoftonline.cn',
    arm: 'https://management.chinacloudapi.cn',
    storageSuffix: 'core.chinacloudapi.cn',
    vaultSuffix: 'vault.azure.cn',
  },
}

export function cloudOf(name: CloudName): Cloud {
  return { name, ...CLOUDS[name] }
}

export const PUBLIC_CLOUD = cloudOf('AzureCloud')

/** Where a service of a storage account answers. */
export function storageUrl(cloud: Cloud, account: string, service: 'blob' | 'queue' | 'table'): string {
  return `https://${account}.${service}.${cloud.storageSuffix}`
}

/** The other cloud whose storage a host belongs to; undefined: it is this one's, or no cloud's that is known. */
export function strangeCloudOf(cloud: Cloud, host: string): CloudName | undefined {
  return CLOUD_NAMES.find(
    name => name !== cloud.name && host.toLowerCase().endsWith(`.${CLOUDS[name].storageSuffix}`),
  )
}
