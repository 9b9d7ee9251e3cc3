metadata description = 'New versions of the vault\'s secrets are told to the app at once; without this it finds them within the hour.'

import { deadLetterContainer, place, tagsByName } from 'names.bicep'

param environmentName string
param vaultName string
param location string
param tags tagsByName
@description('Whether there is a function to call.')
param isDeployed bool
@description('Of the function that takes in events of Key Vault.')
param functionId string
@description('Of the app\'s own account.')
param storagePlace place

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName
}

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storagePlace.name
  scope: resourceGroup(storagePlace.subscription, storagePlace.resourceGroup)
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: 'lakemark-${vaultName}'
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    source: vault.id
    topicType: 'Microsoft.KeyVault.vaults'
  }
}

module access 'topic-access.bicep' = {
  name: 'lakemark-secret-events-access'
  params: {
    storageName: storagePlace.name
    topicPlace: {
      subscription: subscription().subscriptionId
      resourceGroup: resourceGroup().name
      name: topic.name
    }
    mayEnqueue: false
  }
}

resource newVersions 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = if (isDeployed) {
  parent: topic
  name: 'lakemark-${environmentName}'
  dependsOn: [access]
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    filter: { includedEventTypes: ['Microsoft.KeyVault.SecretNewVersionCreated'] }
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: functionId
        maxEventsPerBatch: 50
        preferredBatchSizeInKilobytes: 64
      }
    }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: storage.id
          blobContainerName: deadLetterContainer
        }
      }
    }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
  }
}
