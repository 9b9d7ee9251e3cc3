metadata description = 'All that a storage account of the lake gets: a topic, subscriptions, rights of the app and of the topic, alerts.'

import { lake, place, tagsByName } from 'names.bicep'

param lakeOfRules lake
param environmentName string
param tags tagsByName
@description('Whether there is a function to call.')
param isDeployed bool
param delivery 'function' | 'queue'
@description('Of the function that takes in storage events.')
param functionId string
@description('Of the app\'s own account.')
param storagePlace place
@description('Of the app\'s identity.')
param identityPlace place
@description('Empty: nobody is told.')
param actionGroupId string

var account = lakeOfRules.account
var topicName = lakeOfRules.?systemTopic ?? 'lakemark-${account}'
var deployment = 'lm-${environmentName}-${account}'

module access 'lake-access.bicep' = {
  name: '${deployment}-access'
  params: { account: account, containers: lakeOfRules.containers, identityPlace: identityPlace }
}

module topic 'lake-topic.bicep' = if (lakeOfRules.?systemTopic == null) {
  name: '${deployment}-topic'
  params: { name: topicName, account: account, location: lakeOfRules.location, tags: tags }
}

module topicAccess 'topic-access.bicep' = {
  name: '${deployment}-topic-access'
  scope: resourceGroup(storagePlace.subscription, storagePlace.resourceGroup)
  dependsOn: [topic]
  params: {
    storageName: storagePlace.name
    topicPlace: {
      subscription: subscription().subscriptionId
      resourceGroup: resourceGroup().name
      name: topicName
    }
    mayEnqueue: delivery == 'queue'
  }
}

module subscriptions 'lake-subscription.bicep' = if (isDeployed || delivery == 'queue') {
  name: '${deployment}-subscription'
  dependsOn: [topicAccess]
  params: {
    name: 'lakemark-${environmentName}'
    topicName: topicName
    containers: lakeOfRules.containers
    delivery: delivery
    functionId: functionId
    storageId: resourceId(
      storagePlace.subscription,
      storagePlace.resourceGroup,
      'Microsoft.Storage/storageAccounts',
      storagePlace.name
    )
  }
}

module alerts 'lake-alerts.bicep' = {
  name: '${deployment}-alerts'
  dependsOn: [topic]
  params: {
    topicName: topicName
    environmentName: environmentName
    actionGroupId: actionGroupId
    tags: tags
  }
}
