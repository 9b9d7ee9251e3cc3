metadata description = 'For the secrets that cannot be avoided: tokens of git servers, credentials of workspaces in other tenants.'

import { tagsByName } from 'names.bicep'

param name string
param location string
param tags tagsByName
param isPrivate bool
@description('After a removal the vault\'s name stays taken until it is purged or, with this, recovered.')
param isRecovered bool

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    createMode: isRecovered ? 'recover' : 'default'
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}
