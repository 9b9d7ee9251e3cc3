metadata description = 'The app may read the containers that the rules name, and no others of the account.'

import { place, roles } from 'names.bicep'

param account string
param containers string[]
@description('Of the app\'s identity.')
param identityPlace place

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityPlace.name
  scope: resourceGroup(identityPlace.subscription, identityPlace.resourceGroup)
}

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: account

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource watched 'containers' existing = [
      for container in containers: {
        name: container
      }
    ]
  }
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (container, index) in containers: {
    name: guid(storage::blobs::watched[index].id, identity.id, roles.storageBlobDataReader)
    scope: storage::blobs::watched[index]
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataReader)
    }
  }
]
