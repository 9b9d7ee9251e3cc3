metadata description = 'The role that the app has on workspaces: what its calls to Azure Machine Learning need, and nothing else.'

targetScope = 'subscription'

@description('Of the deployment: a role\'s name is unique in its tenant.')
param environmentName string

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'lakemark-registrar', environmentName)
  properties: {
    roleName: 'Lakemark registrar (${environmentName}, ${subscription().subscriptionId})'
    description: 'Registers data assets and their datastores in Azure Machine Learning workspaces.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [
      {
        actions: [
          'Microsoft.MachineLearningServices/workspaces/data/read'
          'Microsoft.MachineLearningServices/workspaces/data/write'
          'Microsoft.MachineLearningServices/workspaces/data/versions/read'
          'Microsoft.MachineLearningServices/workspaces/data/versions/write'
          'Microsoft.MachineLearningServices/workspaces/datastores/read'
          'Microsoft.MachineLearningServices/workspaces/datastores/write'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}
