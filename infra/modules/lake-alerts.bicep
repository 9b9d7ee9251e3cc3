metadata description = 'Event Grid could not deliver: what it says itself, in case nobody else does.'

import { tagsByName } from 'names.bicep'

param topicName string
param environmentName string
@description('Empty: nobody is told.')
param actionGroupId string
param tags tagsByName

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

var troubles = [
  {
    metric: 'DeadLetteredCount'
    name: 'dead-letters'
    severity: 2
    description: 'Events could not be delivered and lie in the container of dead letters; onDeadLetter takes them in. Find out why the app did not take them.'
  }
  {
    metric: 'DroppedEventCount'
    name: 'dropped-events'
    severity: 1
    description: 'Events are gone: neither delivered nor left among the dead letters. Start a re-sync of the account, and look at the identity of the topic and its right to the container.'
  }
]

resource alerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for trouble in troubles: {
    name: 'lakemark-${environmentName}-${trouble.name}-${topicName}'
    location: 'global'
    tags: tags
    properties: {
      description: trouble.description
      severity: trouble.severity
      enabled: true
      scopes: [topic.id]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: trouble.metric
            metricName: trouble.metric
            operator: 'GreaterThan'
            threshold: 0
            timeAggregation: 'Total'
          }
        ]
      }
      actions: actionGroupId == '' ? [] : [{ actionGroupId: actionGroupId }]
    }
  }
]
