metadata description = 'The identity that the app acts as, everywhere.'

import { tagsByName } from 'names.bicep'

param name string
param location string
param tags tagsByName

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

output principalId string = identity.properties.principalId
