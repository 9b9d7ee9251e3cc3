// What the code and the template must call by the same name. A test holds these against the code.

@export()
@description('Queue of the app\'s account: what is to be looked at.')
var workQueue = 'lakemark-work'

@export()
@description('Queue of the app\'s account: storage events, where Event Grid does not call the app.')
var eventQueue = 'lakemark-events'

@export()
@description('Container of the app\'s account: what all processes share and no table holds.')
var ownContainer = 'lakemark'

@export()
@description('Container of the app\'s account: what Event Grid could not deliver.')
var deadLetterContainer = 'dead-letters'

@export()
@description('Container of the app\'s account: the code, as it was deployed last.')
var packageContainer = 'app-package'

@export()
@description('Takes in storage events that Event Grid sends. A wrong name here loses events silently.')
var blobEventFunction = 'onBlobEvent'

@export()
@description('Takes in events of Key Vault.')
var secretEventFunction = 'onSecretEvent'

@export()
@description('The lines of the app\'s log: a JSON object each, which the Functions host takes over as the text of a trace.')
var logLines = 'AppTraces | where tostring(Properties.Category) == \'Host.Function.Console\' | extend line = parse_json(Message) | extend message = tostring(line.message)'

@export()
@description('Ids of Azure\'s built-in roles: learn.microsoft.com/azure/role-based-access-control/built-in-roles')
var roles = {
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageQueueDataMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

@export()
type tagsByName = {
  *: string
}

@export()
@description('A storage account whose events are watched, where it is, and the containers that the rules name in it.')
type lake = {
  account: string
  subscription: string
  resourceGroup: string
  location: string
  @minLength(1)
  containers: string[]
  @description('An account has one system topic at most: the name of the one that exists already, with a system-assigned identity. Left out: one is made.')
  systemTopic: string?
}

@export()
@description('A resource that is there, in whatever subscription.')
type place = {
  subscription: string
  resourceGroup: string
  name: string
}

@export()
@description('Private endpoints for the app and what belongs to it, in a network that exists.')
type network = {
  @description('Delegated to Microsoft.App/environments, empty otherwise: where the app\'s outgoing calls come from.')
  appSubnetId: string
  @description('Where the private endpoints go.')
  endpointSubnetId: string
  @description('Private DNS zones, by id; without them the names are somebody else\'s business.')
  dnsZoneIds: {
    blob: string
    queue: string
    table: string
    vault: string
    sites: string
  }?
}
