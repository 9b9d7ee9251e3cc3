using 'main.bicep'

// What is not said here follows from the rules (watched.json, which `npm run infra:watched` writes) or has a default
// in main.bicep. azd gives the environment variables.
param cloud = readEnvironmentVariable('LAKEMARK_CLOUD', 'AzureCloud')
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'sample')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param isDeployed = bool(readEnvironmentVariable('LAKEMARK_DEPLOYED', 'false'))
param authAudience = readEnvironmentVariable('LAKEMARK_AUTH_AUDIENCE', '00000000-0000-0000-0000-00000000000a')
param rules = readEnvironmentVariable('LAKEMARK_RULES', 'rules')
param rulesCommit = readEnvironmentVariable('LAKEMARK_RULES_COMMIT', '')

// Where the storage accounts are that the rules name. One that is missing here is an error.
var places = {
  devstoreaccount1: {
    subscription: '00000000-0000-0000-0000-000000000001'
    resourceGroup: 'rg-lake'
    location: 'westeurope'
  }
}

var watched = loadJsonContent('watched.json')
param lakes = map(items(watched.lakes), lake => {
  account: lake.key
  containers: lake.value
  ...places[lake.key]
})
param workspaces = watched.workspaces
param alertEmails = []
