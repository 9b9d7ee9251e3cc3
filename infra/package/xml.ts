export * from '@azure/core-xml'
