targetScope = 'subscription'

metadata name = 'Lakemark'
metadata description = 'Lakemark in Azure: the function app and what belongs to it, the events of the lake, and the rights that the app needs.'

import { blobEventFunction, secretEventFunction, lake, network, place } from 'modules/names.bicep'

@description('As az cloud list names it: the one that the deployment goes to.')
param cloud 'AzureCloud' | 'AzureUSGovernment' | 'AzureChinaCloud'

@description('Of this deployment; names of resources carry it.')
@minLength(1)
@maxLength(20)
param environmentName string

@description('Of the app and what belongs to it.')
param location string

@description('The resource group of the app.')
param resourceGroupName string = 'rg-lakemark-${environmentName}'

@description('Storage accounts that are watched, with the containers that the rules name.')
param lakes lake[]

@description('Azure Machine Learning workspaces that the rules name, and that the app speaks to by its own identity.')
param workspaces place[]

@description('Key Vaults beside the app\'s own, with secrets that the rules name.')
param vaults place[] = []

@description('Whether the code has been deployed: a subscription cannot name a function that is not there yet.')
param isDeployed bool

@description('How events reach the app. With private endpoints always through the queue: Event Grid cannot call in there.')
param delivery 'function' | 'queue' = 'function'

@description('Private endpoints for everything; nothing said: the app and its accounts have public addresses, and only identities get in.')
param privateNetwork network?

@description('Whose access tokens are taken: the tenant\'s id.')
param authTenant string = tenant().tenantId

@description('Whom they are for: the client id of the API\'s registration, its App ID URI, or both with a comma between.')
@minLength(1)
param authAudience string

@description('The folder of rules that comes with the code, or git+https://host/org/repo#branch:folder.')
param rules string = 'rules'

@description('Of rules in a folder: their git commit, when known.')
param rulesCommit string = ''

@description('Name of the secret in the app\'s Key Vault that holds the token for the rules\' repository; empty: none.')
param rulesTokenSecretName string = ''

@description('Name of the secret in the app\'s Key Vault that senders of push webhooks know; empty: pushes are not listened to.')
param rulesWebhookSecretName string = ''

@description('Six fields, seconds first: when the whole lake is compared with the ledger.')
param resyncSchedule string = '0 30 2 * * *'

@minValue(1)
@maxValue(99999)
param auditDays int = 400

param logLevel 'info' | 'warn' | 'error' = 'warn'

@description('Of the runtime; 22 where a region does not offer 24 yet.')
@allowed(['22', '24'])
param nodeVersion string = '24'

@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

@description('Of the app\'s account: its ledger is what knows what is registered. Zones, where the region has them.')
param storageSku 'Standard_ZRS' | 'Standard_GZRS' | 'Standard_LRS' = 'Standard_ZRS'

@description('Who is told of alerts; nobody: they are seen in the portal only.')
param alertEmails string[] = []

@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('The Key Vault of an earlier deployment of this name was removed and is to be brought back.')
param recoverKeyVault bool = false

var tags = { 'azd-env-name': environmentName, application: 'lakemark' }
var token = uniqueString(subscription().id, resourceGroupName, location)
var identityName = 'id-lakemark-${environmentName}'
var storageName = 'stlm${token}'
var vaultName = 'kv-lm-${token}'
var planName = 'plan-lakemark-${environmentName}'
var functionAppName = 'func-lakemark-${token}'
var logWorkspaceName = 'log-lakemark-${environmentName}'
var insightsName = 'appi-lakemark-${environmentName}'
var actionGroupName = 'ag-lakemark-${environmentName}'
var ownSubscription = subscription().subscriptionId
var identityPlace = { subscription: ownSubscription, resourceGroup: resourceGroupName, name: identityName }
var storagePlace = { subscription: ownSubscription, resourceGroup: resourceGroupName, name: storageName }

var isPrivate = privateNetwork != null
var deliveryInForce = isPrivate ? 'queue' : delivery
var vaultUrl = 'https://${vaultName}${environment().suffixes.keyvaultDns}'
var roleSubscriptions = union(map(workspaces, it => toLower(it.subscription)), [])

// Put together from names: what a preview would have to run the deployment for, it cannot show.
var actionGroupId = empty(alertEmails)
  ? ''
  : resourceId(ownSubscription, resourceGroupName, 'Microsoft.Insights/actionGroups', actionGroupName)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'lakemark-identity'
  scope: group
  params: { name: identityName, location: location, tags: tags }
}

module storage 'modules/storage.bicep' = {
  name: 'lakemark-storage'
  scope: group
  params: { name: storageName, location: location, tags: tags, sku: storageSku, isPrivate: isPrivate }
}

module storageAccess 'modules/storage-access.bicep' = {
  name: 'lakemark-storage-access'
  scope: group
  dependsOn: [storage, identity]
  params: { storageName: storageName, identityPlace: identityPlace }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'lakemark-monitoring'
  scope: group
  params: {
    workspaceName: logWorkspaceName
    insightsName: insightsName
    location: location
    tags: tags
    retentionDays: logRetentionDays
  }
}

module monitoringAccess 'modules/monitoring-access.bicep' = {
  name: 'lakemark-monitoring-access'
  scope: group
  dependsOn: [monitoring, identity]
  params: { insightsName: insightsName, identityPlace: identityPlace }
}

module keyVault 'modules/key-vault.bicep' = {
  name: 'lakemark-key-vault'
  scope: group
  params: {
    name: vaultName
    location: location
    tags: tags
    isPrivate: isPrivate
    isRecovered: recoverKeyVault
  }
}

module keyVaultAccess 'modules/key-vault-access.bicep' = {
  name: 'lakemark-key-vault-access'
  scope: group
  dependsOn: [keyVault, identity]
  params: { vaultName: vaultName, identityPlace: identityPlace }
}

module vaultAccess 'modules/key-vault-access.bicep' = [
  for it in vaults: {
    name: 'lm-${environmentName}-${it.name}-vault'
    scope: resourceGroup(it.subscription, it.resourceGroup)
    dependsOn: [identity]
    params: { vaultName: it.name, identityPlace: identityPlace }
  }
]

module functionApp 'modules/function-app.bicep' = {
  name: 'lakemark-function-app'
  scope: group
  // A start without these rights fails.
  dependsOn: [identity, storageAccess, monitoringAccess, keyVaultAccess]
  params: {
    name: functionAppName
    planName: planName
    location: location
    tags: tags
    identityName: identityName
    storageName: storageName
    insightsName: insightsName
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstances: maximumInstances
    appSubnetId: privateNetwork.?appSubnetId ?? ''
    isPublicAzure: cloud == 'AzureCloud'
    settings: {
      LAKEMARK_AUTH_TENANT: authTenant
      LAKEMARK_AUTH_AUDIENCE: authAudience
      LAKEMARK_RULES: rules
      LAKEMARK_RULES_COMMIT: rulesCommit
      LAKEMARK_RULES_TOKEN: rulesTokenSecretName == '' ? '' : 'keyvault:${vaultUrl}/secrets/${rulesTokenSecretName}'
      LAKEMARK_RULES_WEBHOOK_SECRET: rulesWebhookSecretName == ''
        ? ''
        : '@Microsoft.KeyVault(SecretUri=${vaultUrl}/secrets/${rulesWebhookSecretName})'
      LAKEMARK_RESYNC_SCHEDULE: resyncSchedule
      LAKEMARK_AUDIT_DAYS: string(auditDays)
      LAKEMARK_LOG: logLevel
    }
  }
}

module privateEndpoints 'modules/private-endpoints.bicep' = if (isPrivate) {
  name: 'lakemark-endpoints'
  scope: group
  dependsOn: [storage, keyVault, functionApp]
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    place: privateNetwork!
    storageName: storageName
    vaultName: vaultName
    functionAppName: functionAppName
  }
}

module lakeParts 'modules/lake.bicep' = [
  for it in lakes: {
    name: 'lm-${environmentName}-${it.account}'
    scope: resourceGroup(it.subscription, it.resourceGroup)
    dependsOn: [identity, storage, functionApp, actionGroup]
    params: {
      lakeOfRules: it
      environmentName: environmentName
      tags: tags
      isDeployed: isDeployed
      delivery: deliveryInForce
      functionId: resourceId(
        ownSubscription,
        resourceGroupName,
        'Microsoft.Web/sites/functions',
        functionAppName,
        blobEventFunction
      )
      storagePlace: storagePlace
      identityPlace: identityPlace
      actionGroupId: actionGroupId
    }
  }
]

// Event Grid cannot call in behind private endpoints, and the queue is for storage events.
module secretEvents 'modules/secret-events.bicep' = if (!isPrivate) {
  name: 'lakemark-secret-events'
  scope: group
  dependsOn: [keyVault, storage, functionApp]
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    vaultName: vaultName
    isDeployed: isDeployed
    functionId: resourceId(
      ownSubscription,
      resourceGroupName,
      'Microsoft.Web/sites/functions',
      functionAppName,
      secretEventFunction
    )
    storagePlace: storagePlace
  }
}

module registrarRole 'modules/registrar-role.bicep' = [
  for id in roleSubscriptions: {
    name: 'lakemark-${environmentName}-registrar-role'
    scope: subscription(id)
    params: { environmentName: environmentName }
  }
]

module workspaceAccess 'modules/workspace-access.bicep' = [
  for it in workspaces: {
    name: 'lm-${environmentName}-${it.name}-ml'
    scope: resourceGroup(it.subscription, it.resourceGroup)
    dependsOn: [registrarRole, identity]
    params: {
      workspaceName: it.name
      identityPlace: identityPlace
      environmentName: environmentName
    }
  }
]

module actionGroup 'modules/action-group.bicep' = if (!empty(alertEmails)) {
  name: 'lakemark-action-group'
  scope: group
  params: { name: actionGroupName, tags: tags, emails: alertEmails }
}

module alerts 'modules/alerts.bicep' = {
  name: 'lakemark-alerts'
  scope: group
  dependsOn: [monitoring, actionGroup]
  params: {
    environmentName: environmentName
    workspaceName: logWorkspaceName
    location: location
    tags: tags
    actionGroupId: actionGroupId
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'lakemark-workbook'
  scope: group
  dependsOn: [monitoring]
  params: {
    environmentName: environmentName
    workspaceName: logWorkspaceName
    location: location
    tags: tags
  }
}

output LAKEMARK_URL string = 'https://${functionApp.outputs.host}'
output LAKEMARK_FUNCTION_APP string = functionAppName
output LAKEMARK_KEY_VAULT string = vaultName
output LAKEMARK_PRINCIPAL_ID string = identity.outputs.principalId
