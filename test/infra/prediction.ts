import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../tidy/sources.ts'

/** One resource that a deployment would make, as the Bicep compiler predicts it. */
export interface Predicted {
  id: string
  type: string
  name: string
  location?: string
  identity?: { type: string }
  // biome-ignore lint/suspicious/noExplicitAny: of whatever type the resource is.
  properties: any
}

/** What `npm run infra:build` has written: a text that a check holds against a fresh compilation. */
export function readInfra(path: string): string {
  return readFileSync(join(ROOT, 'infra', path), 'utf8')
}

/** The resources of main.bicepparam (`main`), or of samples/private.bicepparam. */
export function readPrediction(path: 'main' | 'samples/private') {
  const { predictedResources } = JSON.parse(readInfra(`${path}.snapshot.json`)) as {
    predictedResources: Predicted[]
  }
  const ofType = (type: string) => predictedResources.filter(it => it.type === type)
  return {
    all: predictedResources,
    ofType,
    /** The only one of its type. */
    only(type: string): Predicted {
      const [first, second] = ofType(type)
      if (first === undefined || second !== undefined) throw new Error(`there is not one ${type}`)
      return first
    },
  }
}

/** What follows the last provider in a resource's id: `storageAccounts/x/queueServices/default/queues/y`. */
export function shortId(id: string): string {
  return id.slice(id.lastIndexOf('/providers/') + '/providers/'.length).replace(/^[^/]+\//, '')
}
