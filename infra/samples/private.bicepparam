using '../main.bicep'

// Behind private endpoints: events come by way of the queue, nothing has a public address, and the network, its
// subnets and its DNS zones are somebody else's and there already. Two lakes: one with a system topic that was there
// before, for Defender say, and one with more containers than one subscription takes.
param cloud = 'AzureCloud'
param environmentName = 'private'
param location = 'westeurope'
param isDeployed = false
param authAudience = 'api://00000000-0000-0000-0000-00000000000a'
param rules = 'git+https://example.com/team/rules#main:rules'
param rulesTokenSecretName = 'rules-token'
param rulesWebhookSecretName = 'rules-webhook'
param alertEmails = ['on-call@example.com']
param privateNetwork = {
  appSubnetId: '/subscriptions/00000000-0000-0000-0000-00000000000d/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/vnet/subnets/lakemark'
  endpointSubnetId: '/subscriptions/00000000-0000-0000-0000-00000000000d/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/vnet/subnets/endpoints'
  dnsZoneIds: {
    blob: '/subscriptions/00000000-0000-0000-0000-00000000000d/resourceGroups/rg-network/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net'
    queue: '/subscriptions/00000000-0000-0000-0000-00000000000d/resourceGroups/rg-network/providers/Microsoft.Network/privateDnsZones/privatelink.queue.core.windows.net'
    table: '/subscriptions/00000000-0000-0000-0000-00000000000d/resourceGroups/rg-network/providers/Microsoft.Network/privateDnsZones/privatelink.table.core.windows.net'
    vault: '/subscriptions/00000000-0000-0000-0000-00000000000d/resourceGroups/rg-network/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net'
    sites: '/subscriptions/00000000-0000-0000-0000-00000000000d/resourceGroups/rg-network/providers/Microsoft.Network/privateDnsZones/privatelink.azurewebsites.net'
  }
}
param lakes = [
  {
    account: 'contosolake'
    subscription: '00000000-0000-0000-0000-000000000001'
    resourceGroup: 'rg-lake'
    location: 'westeurope'
    containers: ['silver']
    systemTopic: 'contosolake-events'
  }
  {
    account: 'fabrikamlake'
    subscription: '00000000-0000-0000-0000-000000000002'
    resourceGroup: 'rg-lake'
    location: 'northeurope'
    containers: map(range(1, 27), number => 'area-${number}')
  }
]
param workspaces = [
  { subscription: '00000000-0000-0000-0000-000000000003', resourceGroup: 'rg-ml', name: 'ml-one' }
  { subscription: '00000000-0000-0000-0000-000000000003', resourceGroup: 'rg-ml', name: 'ml-two' }
]
param vaults = [
  { subscription: '00000000-0000-0000-0000-000000000001', resourceGroup: 'rg-lake', name: 'kv-lake' }
]
