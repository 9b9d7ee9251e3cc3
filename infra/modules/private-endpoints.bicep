metadata description = 'Ways in from a virtual network to the app and what belongs to it, which have no other then.'

import { network, tagsByName } from 'names.bicep'

param environmentName string
param location string
param tags tagsByName
param place network
param storageName string
param vaultName string
param functionAppName string

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

var ways = [
  { group: 'blob', target: storage.id, zone: place.?dnsZoneIds.?blob ?? '' }
  { group: 'queue', target: storage.id, zone: place.?dnsZoneIds.?queue ?? '' }
  { group: 'table', target: storage.id, zone: place.?dnsZoneIds.?table ?? '' }
  { group: 'vault', target: vault.id, zone: place.?dnsZoneIds.?vault ?? '' }
  { group: 'sites', target: app.id, zone: place.?dnsZoneIds.?sites ?? '' }
]

module endpoints 'private-endpoint.bicep' = [
  for way in ways: {
    name: 'lakemark-endpoint-${way.group}'
    params: {
      name: 'pe-lakemark-${environmentName}-${way.group}'
      location: location
      tags: tags
      subnetId: place.endpointSubnetId
      targetId: way.target
      group: way.group
      dnsZoneId: way.zone
    }
  }
]
