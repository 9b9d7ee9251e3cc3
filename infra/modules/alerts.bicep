metadata description = 'What somebody must look at, by the lines that the app writes to its log and by what the Functions host reports.'

import { logLines, tagsByName } from 'names.bicep'

param environmentName string
param workspaceName string
param location string
param tags tagsByName
@description('Empty: nobody is told.')
param actionGroupId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

var alerts = loadYamlContent('../alerts.yaml')

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in alerts: {
    name: 'lakemark-${environmentName}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Lakemark ${environmentName}: ${alert.title}'
      description: alert.description
      severity: alert.severity
      enabled: true
      scopes: [workspace.id]
      evaluationFrequency: alert.every
      windowSize: alert.window
      autoMitigate: true
      // A workspace that is new knows no traces yet.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: replace(alert.query, '@lines', logLines)
            timeAggregation: 'Count'
            operator: alert.operator
            threshold: alert.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: actionGroupId == '' ? [] : [actionGroupId] }
    }
  }
]
