metadata description = 'A way in from a virtual network, for what has no other then.'

import { tagsByName } from 'names.bicep'

param name string
param location string
param tags tagsByName
param subnetId string
param targetId string
@description('Which of the target\'s services.')
param group 'blob' | 'queue' | 'table' | 'vault' | 'sites'
@description('Empty: names are somebody else\'s business.')
param dnsZoneId string

resource endpoint 'Microsoft.Network/privateEndpoints@2024-10-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      {
        name: group
        properties: {
          privateLinkServiceId: targetId
          groupIds: [group]
        }
      }
    ]
  }

  resource names 'privateDnsZoneGroups' = if (dnsZoneId != '') {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: group
          properties: { privateDnsZoneId: dnsZoneId }
        }
      ]
    }
  }
}
