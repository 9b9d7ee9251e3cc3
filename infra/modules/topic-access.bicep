metadata description = 'A system topic may leave dead letters in their container, and messages in the event queue where it delivers there.'

import { place, roles, deadLetterContainer, eventQueue } from 'names.bicep'

param storageName string
@description('Of a system topic with a system-assigned identity.')
param topicPlace place
param mayEnqueue bool

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicPlace.name
  scope: resourceGroup(topicPlace.subscription, topicPlace.resourceGroup)
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource deadLetters 'containers' existing = {
      name: deadLetterContainer
    }
  }

  resource queueService 'queueServices' existing = {
    name: 'default'

    resource events 'queues' existing = {
      name: eventQueue
    }
  }
}

resource deadLetterAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::deadLetters.id, topic.id, roles.storageBlobDataContributor)
  scope: account::blobs::deadLetters
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
  }
}

resource queueAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (mayEnqueue) {
  name: guid(account::queueService::events.id, topic.id, roles.storageQueueDataMessageSender)
  scope: account::queueService::events
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageQueueDataMessageSender
    )
  }
}
