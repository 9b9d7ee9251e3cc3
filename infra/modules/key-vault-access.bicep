metadata description = 'The app may read the values of a vault\'s secrets, and nothing else of it.'

import { place, roles } from 'names.bicep'

param vaultName string
@description('Of the app\'s identity.')
param identityPlace place

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityPlace.name
  scope: resourceGroup(identityPlace.subscription, identityPlace.resourceGroup)
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, roles.keyVaultSecretsUser)
  scope: vault
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}
