metadata description = 'The function app, on Flex Consumption. Its settings are those that the code reads; none of them is a secret.'

import { packageContainer, tagsByName } from 'names.bicep'

param name string
param planName string
param location string
param tags tagsByName
param identityName string
param storageName string
param insightsName string
@allowed(['22', '24'])
param nodeVersion string
@allowed([512, 2048, 4096])
param instanceMemoryMB int
@minValue(1)
@maxValue(1000)
param maximumInstances int
@description('Of the virtual network; empty: the app is called from the internet, and calls through it.')
param appSubnetId string
@description('Not a sovereign cloud.')
param isPublicAzure bool
@description('What the code reads from its environment, beside what this module knows by itself.')
param settings settingsOfLakemark

@export()
type settingsOfLakemark = {
  LAKEMARK_AUTH_TENANT: string
  LAKEMARK_AUTH_AUDIENCE: string
  LAKEMARK_RULES: string
  LAKEMARK_RULES_COMMIT: string
  LAKEMARK_RULES_TOKEN: string
  LAKEMARK_RULES_WEBHOOK_SECRET: string
  LAKEMARK_RESYNC_SCHEDULE: string
  LAKEMARK_AUDIT_DAYS: string
  LAKEMARK_LOG: string
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

var storageSuffix = environment().suffixes.storage
var isPrivate = appSubnetId != ''
// Never both: the host's extensions make addresses of public Azure from a name, whatever else is said. There the name
// it is: with addresses a start may fail (github.com/Azure/azure-functions-host/issues/11787).
var storageSettings = isPublicAzure
  ? { AzureWebJobsStorage__accountName: storageName }
  : {
      AzureWebJobsStorage__blobServiceUri: 'https://${storageName}.blob.${storageSuffix}'
      AzureWebJobsStorage__queueServiceUri: 'https://${storageName}.queue.${storageSuffix}'
      AzureWebJobsStorage__tableServiceUri: 'https://${storageName}.table.${storageSuffix}'
    }

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { tier: 'FlexConsumption', name: 'FC1' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  // By this tag azd finds the app that it deploys to.
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    virtualNetworkSubnetId: isPrivate ? appSubnetId : null
    keyVaultReferenceIdentity: identity.id
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: 'https://${storageName}.blob.${storageSuffix}/${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: { name: 'node', version: nodeVersion }
      scaleAndConcurrency: { instanceMemoryMB: instanceMemoryMB, maximumInstanceCount: maximumInstances }
    }
  }

  // FTP there is none on this plan.
  resource noPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  // An empty value is read as a setting that is not there.
  resource appSettings 'config' = {
    name: 'appsettings'
    properties: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
      ...storageSettings
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.properties.clientId
      AZURE_CLIENT_ID: identity.properties.clientId
      LAKEMARK_CLOUD: environment().name
      LAKEMARK_AUTH: 'entra'
      LAKEMARK_AUTH_TENANT: settings.LAKEMARK_AUTH_TENANT
      LAKEMARK_AUTH_AUDIENCE: settings.LAKEMARK_AUTH_AUDIENCE
      LAKEMARK_RULES: settings.LAKEMARK_RULES
      LAKEMARK_RULES_COMMIT: settings.LAKEMARK_RULES_COMMIT
      LAKEMARK_RULES_TOKEN: settings.LAKEMARK_RULES_TOKEN
      LAKEMARK_RULES_WEBHOOK_SECRET: settings.LAKEMARK_RULES_WEBHOOK_SECRET
      LAKEMARK_RESYNC_SCHEDULE: settings.LAKEMARK_RESYNC_SCHEDULE
      LAKEMARK_AUDIT_DAYS: settings.LAKEMARK_AUDIT_DAYS
      LAKEMARK_LOG: settings.LAKEMARK_LOG
    }
  }
}

output host string = app.properties.defaultHostName
