metadata description = 'The system topic through which Event Grid hears of a storage account, with an identity of its own to deliver as.'

import { tagsByName } from 'names.bicep'

param name string
param account string
@description('Where the account is: a system topic is nowhere else.')
param location string
param tags tagsByName

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: account
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    source: storage.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}
