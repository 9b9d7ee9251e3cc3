metadata description = 'What Event Grid sends of a storage account: finished files, removals and renames in the containers that the rules name.'

import { deadLetterContainer, eventQueue } from 'names.bicep'

@description('Of the subscriptions; where there are more containers than one takes, a number follows.')
param name string
param topicName string
param containers string[]
param delivery 'function' | 'queue'
@description('Of the function that takes in storage events.')
param functionId string
param storageId string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

// What one subscription takes, over all its filters: learn.microsoft.com/azure/event-grid/quotas-limits
var containersPerSubscription = 25
var count = (length(containers) + containersPerSubscription - 1) / containersPerSubscription

resource subscriptions 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = [
  for index in range(0, count): {
    parent: topic
    name: index == 0 ? name : '${name}-${index + 1}'
    properties: {
      eventDeliverySchema: 'EventGridSchema'
      filter: {
        includedEventTypes: [
          'Microsoft.Storage.BlobCreated'
          'Microsoft.Storage.BlobDeleted'
          'Microsoft.Storage.BlobRenamed'
          'Microsoft.Storage.DirectoryRenamed'
        ]
        advancedFilters: [
          {
            operatorType: 'StringBeginsWith'
            key: 'subject'
            values: map(
              take(skip(containers, index * containersPerSubscription), containersPerSubscription),
              container => '/blobServices/default/containers/${container}/blobs/'
            )
          }
        ]
      }
      destination: delivery == 'queue'
        ? null
        : {
            endpointType: 'AzureFunction'
            properties: {
              resourceId: functionId
              // Never waited for: what is there goes together, and costs less than one by one.
              maxEventsPerBatch: 50
              preferredBatchSizeInKilobytes: 256
            }
          }
      deliveryWithResourceIdentity: delivery == 'queue'
        ? {
            identity: { type: 'SystemAssigned' }
            destination: {
              endpointType: 'StorageQueue'
              properties: {
                resourceId: storageId
                queueName: eventQueue
                // Never: such a message is the only trace of its events.
                queueMessageTimeToLiveInSeconds: -1
              }
            }
          }
        : null
      deadLetterWithResourceIdentity: {
        identity: { type: 'SystemAssigned' }
        deadLetterDestination: {
          endpointType: 'StorageBlob'
          properties: {
            resourceId: storageId
            blobContainerName: deadLetterContainer
          }
        }
      }
      retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    }
  }
]
