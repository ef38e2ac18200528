import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bitbakeEnvironment, buildArguments, buildDirectoryMarker, targetArgument } from '../../src/bitbake/command.js'

const test = suite('bitbake command')

const arm = { multiconfig: 'container-aarch64', recipe: 'hello', task: 'image_complete' }
const plain = { multiconfig: '', recipe: 'hello', task: 'build' }

test('a target names multiconfig, recipe and task', () => {
  assert.is(targetArgument(arm), 'mc:container-aarch64:hello:do_image_complete')
})

test('a target of the default configuration has no mc:', () => {
  assert.is(targetArgument(plain), 'hello:do_build')
})

test('one call for all targets, in their order', () => {
  assert.equal(buildArguments([arm, plain], false), ['mc:container-aarch64:hello:do_image_complete', 'hello:do_build'])
})

test('-k comes before them', () => {
  assert.equal(buildArguments([plain], true), ['-k', 'hello:do_build'])
})

const kept = [
  'PATH',
  'HOME',
  'LANG',
  'SSH_AUTH_SOCK',
  'SSH_ASKPASS',
  'REGISTRY_AUTH_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'DOCKER_CONFIG',
  'GIT_PROXY_COMMAND',
  'http_proxy',
  'MACHINE',
  'COMPATIBLE',
  'BB_NUMBER_THREADS',
]
const withheld = [
  'REGISTRY_PASSWORD',
  'CI_REGISTRY_PASSWORD',
  'PGPASSWORD',
  'MYSQL_PASSWD',
  'DB_PASS',
  'GPG_PASSPHRASE',
  'GITHUB_TOKEN',
  'CI_JOB_TOKEN',
  'SYSTEM_ACCESSTOKEN',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SESSION_TOKEN',
  'AZURE_CLIENT_SECRET',
  'COSIGN_PRIVATE_KEY',
  'ARTIFACTORY_API_KEY',
  'NUGET_APIKEY',
  'GITLAB_PAT',
  'DOCKER_AUTH_CONFIG',
  'REGISTRY_AUTH',
  'github_token',
]

test('what looks like a credential is withheld, and named', () => {
  const result = bitbakeEnvironment(Object.fromEntries(withheld.map((name) => [name, 'hunter2'])), {})
  assert.equal(result.withheld, withheld.toSorted())
  assert.not.match(JSON.stringify(result.variables), 'hunter2')
})

test('what only says where to ask is kept', () => {
  const given = Object.fromEntries(kept.map((name) => [name, `value of ${name}`]))
  assert.equal(bitbakeEnvironment(given, {}), { variables: { ...given, TERM: 'dumb' }, withheld: [] })
})

test('variables of npm and unset ones are left out, without a word', () => {
  const given = { npm_config_registry: 'x', npm_package_name: 'x', npm_config__authToken: 'x', GONE: undefined }
  assert.equal(bitbakeEnvironment(given, {}), { variables: { TERM: 'dumb' }, withheld: [] })
})

test('declared variables arrive, credentials or not, and BitBake is told to let them through', () => {
  const declared = { FETCH_TOKEN: 'declared', npm_config_registry: 'r' }
  const result = bitbakeEnvironment({ FETCH_TOKEN: 'inherited' }, declared)
  assert.equal(result, {
    variables: { ...declared, BB_ENV_PASSTHROUGH_ADDITIONS: 'FETCH_TOKEN npm_config_registry', TERM: 'dumb' },
    withheld: [],
  })
})

test('what the shell lets through still goes through, beside what is declared', () => {
  const inherited = { BB_ENV_PASSTHROUGH_ADDITIONS: ' SSTATE_TOKEN  DL_DIR ', SSTATE_TOKEN: 's', DL_DIR: '/dl' }
  const { variables } = bitbakeEnvironment(inherited, { EXTRA: '1' })
  assert.is(variables['SSTATE_TOKEN'], 's')
  assert.is(variables['BB_ENV_PASSTHROUGH_ADDITIONS'], 'SSTATE_TOKEN DL_DIR EXTRA')
})

test('a declared list of what goes through adds to the inherited one', () => {
  const { variables } = bitbakeEnvironment(
    { BB_ENV_PASSTHROUGH_ADDITIONS: 'A', GITHUB_TOKEN: 't' },
    { BB_ENV_PASSTHROUGH_ADDITIONS: 'GITHUB_TOKEN' },
  )
  assert.is(variables['BB_ENV_PASSTHROUGH_ADDITIONS'], 'A GITHUB_TOKEN')
  assert.is(variables['GITHUB_TOKEN'], 't')
})

test('the terminal is dumb, so that lines are whole', () => {
  assert.is(bitbakeEnvironment({ TERM: 'xterm-256color' }, {}).variables['TERM'], 'dumb')
})

test('a build directory is known by its bblayers.conf', () => {
  assert.is(buildDirectoryMarker('/b'), '/b/conf/bblayers.conf')
})

test.run()
