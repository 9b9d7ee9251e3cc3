metadata description = 'One page that says how Lakemark is doing.'

import { logLines, tagsByName } from 'names.bicep'

param environmentName string
param workspaceName string
param location string
param tags tagsByName

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'lakemark-workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Lakemark ${environmentName}'
    category: 'workbook'
    sourceId: workspace.id
    version: 'Notebook/1.0'
    serializedData: replace(string(loadJsonContent('../workbook.json')), '@lines', logLines)
  }
}
