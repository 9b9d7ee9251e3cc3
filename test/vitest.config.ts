import { defineConfig } from 'vitest/config'

const SECOND = 1000

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60 * SECOND,
    hookTimeout: 60 * SECOND,
    maxWorkers: 2,
  },
})
