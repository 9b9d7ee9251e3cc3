import { describe, expect, it } from 'vitest'
import { parseRulesAddress } from '../../src/git/rules-address.ts'

describe('the address of the rules', () => {
  it.each(['rules', './rules', '/etc/lakemark/rules', 'C:\\rules', 'https://host/org/repo', 'git', 'a#b:c'])(
    'is the folder %j',
    text => {
      expect(parseRulesAddress(text)).toEqual({ kind: 'folder', folder: text })
    },
  )

  it.each([
    ['git+https://host/org/repo#main:rules', 'https://host/org/repo', 'main', 'rules'],
    ['git+https://host/org/repo', 'https://host/org/repo', undefined, ''],
    ['git+https://host/org/repo#', 'https://host/org/repo', undefined, ''],
    ['git+https://host/org/repo#:rules', 'https://host/org/repo', undefined, 'rules'],
    ['git+https://host/org/repo#main', 'https://host/org/repo', 'main', ''],
    ['git+https://host/org/repo#main:', 'https://host/org/repo', 'main', ''],
    ['git+https://host/org/repo.git/', 'https://host/org/repo.git', undefined, ''],
    [
      'git+https://host/org/repo#feature/new-sales:lake/rules',
      'https://host/org/repo',
      'feature/new-sales',
      'lake/rules',
    ],
    ['git+https://host/org/repo#v1.2.0:/rules/./eu//', 'https://host/org/repo', 'v1.2.0', 'rules/eu'],
    ['git+https://host/org/repo#fix#12:rules', 'https://host/org/repo', 'fix#12', 'rules'],
    ['git+https://host/org/repo#main:my rules', 'https://host/org/repo', 'main', 'my rules'],
    ['GIT+HTTPS://Host/org/repo', 'https://host/org/repo', undefined, ''],
    [
      'git+https://dev.azure.com/org/my%20project/_git/rules',
      'https://dev.azure.com/org/my%20project/_git/rules',
      undefined,
      '',
    ],
    ['git+http://127.0.0.1:8080/rules.git#main', 'http://127.0.0.1:8080/rules.git', 'main', ''],
    ['git+file:///home/me/clone#main:rules', 'file:///home/me/clone', 'main', 'rules'],
  ])('%s is %s, branch %s, folder %j', (text, url, ref, folder) => {
    expect(parseRulesAddress(text)).toEqual({ kind: 'git', url, ref, folder })
  })

  it.each([
    ['', 'names no rules; give a folder'],
    ['  ', 'names no rules; give a folder'],
    ['git+rules', 'is no URL after git+; write it as in git+https://host/org/repo#main:rules'],
    ['git+file:clone', 'is no URL after git+'],
    ['git+https://', 'is no URL after git+'],
    ['git+https://host:port/repo', 'is no URL after git+'],
    ['git+ssh://git@host/org/repo', 'git+ssh; use git+https:// or git+file://'],
    ['git+https://host', 'names no repository; give its path too'],
    ['git+https://host/#main:rules', 'names no repository'],
    ['git+file:///', 'names no repository'],
    ['git+https://host/org/repo?version=1#main', `has a query ('?…'); leave it out`],
    ['git+file://clones/rules#main', 'write three slashes, as in git+file:///path/to/clone'],
    ['git+https://host/org/repo#main:../rules', `has '..' in its folder`],
    ['git+https://host/org/repo#main:rules/../..', `has '..' in its folder`],
    ['git+https://host/org/repo#main:ru\nles', 'has a control character in its folder'],
    ['git+https://host/org/repo#main..dev', `has '..' or '@'`],
    ['git+https://host/org/repo#my branch', 'has a character that git does not allow'],
    ['git+https://host/org/repo#main^', 'has a character that git does not allow'],
    ['git+https://host/org/repo#-main', 'is no name that git allows'],
    ['git+https://host/org/repo#feature//x', 'is no name that git allows'],
    ['git+https://host/org/repo#main.lock', 'is no name that git allows'],
    ['git+https://host/org/repo#refs/heads/main', 'begins with refs/; write the name alone'],
    [`git+https://host/org/repo#${'m'.repeat(256)}`, 'is longer than 255 characters'],
    [`git+https://host/${'r'.repeat(2048)}`, 'is longer than 2048 characters'],
  ])('%j has a problem: %s', (text, problem) => {
    expect(parseRulesAddress(text)).toEqual({ problem: expect.stringContaining(problem) })
  })

  it.each([
    'git+https://me:t0psecret@host/org/repo',
    'git+https://t0psecret@host/org/repo#main',
    'git+http://:t0psecret@host/r',
  ])('holds no credential, and the problem does not repeat it', text => {
    const parsed = parseRulesAddress(text)
    expect(parsed).toEqual({ problem: expect.stringContaining('put the token into LAKEMARK_RULES_TOKEN') })
    expect(JSON.stringify(parsed)).not.toContain('t0psecret')
  })

  it.each([
    'git+https//me:t0psecret@host/org',
    'git+https://me:t0psecret@ho st/x',
    'git+ftp://me:t0psecret@host/x',
  ])('is not repeated where it cannot be read', text => {
    const parsed = parseRulesAddress(text)
    expect(parsed).toHaveProperty('problem')
    expect(JSON.stringify(parsed)).not.toContain('t0psecret')
  })
})
