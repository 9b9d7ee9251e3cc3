import { app } from '@azure/functions'

app.get('rejection', () => {
  setImmediate(() => void Promise.reject(new Error('stray rejection')))
  return {}
})

app.get('exception', () => {
  setImmediate(() => {
    throw new Error('stray exception')
  })
  return {}
})
