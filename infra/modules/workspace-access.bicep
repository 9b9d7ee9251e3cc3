metadata description = 'The app may register data assets in one workspace.'

import { place } from 'names.bicep'

param workspaceName string
@description('Of the app\'s identity.')
param identityPlace place
param environmentName string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityPlace.name
  scope: resourceGroup(identityPlace.subscription, identityPlace.resourceGroup)
}

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = {
  name: workspaceName
}

// As in registrar-role.bicep.
var roleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  guid(subscription().id, 'lakemark-registrar', environmentName)
)

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, identity.id, roleId)
  scope: workspace
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: roleId
  }
}
