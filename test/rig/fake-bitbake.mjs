/**
 * A BitBake that does on demand what the real one cannot: the JSON file that FAKE_BITBAKE names says what (`Scenario` in
 * fake-bitbake.ts). It says what the real one says of examples/hello-container; a test compares them.
 */
import { spawn } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const scenario = JSON.parse(readFileSync(process.env.FAKE_BITBAKE, 'utf8'))
const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'))
const targets = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const [keepGoing, dryRun] = [options.includes('-k'), options.includes('-n')]
const recipes = path.resolve('../meta-hello/recipes')
const note = (entry) => scenario.record && appendFileSync(scenario.record, `${JSON.stringify(entry)}\n`)
const out = (line) => process.stdout.write(`${line}\n`)
const error = (line) => process.stderr.write(`ERROR: ${line}\n`)

await delay(scenario.starts ?? 0)
let interrupts = 0
let wake = () => {}
process.on('SIGINT', () => {
  interrupts++
  note({ signal: 'SIGINT' })
  out(interrupts === 1 ? '\nKeyboard Interrupt, closing down...\n' : '\nSecond Keyboard Interrupt, stopping...\n')
  if (interrupts === 2) out('WARNING: Exiting due to interrupt.\nNOTE: Sending SIGTERM to remaining 1 tasks')
  wake()
})
if (scenario.environment) writeFileSync(scenario.environment, JSON.stringify(process.env))
for (const line of scenario.lines ?? []) out(line)
let server
if (scenario.serverOutlives || scenario.serverDies) {
  const hang = `process.on('SIGTERM', () => {}); require('child_process').spawn('sh', ['-c', 'echo $$ >task; exec sleep 600'])`
  const life = `${scenario.serverHangs ? hang : ''}
    setTimeout(() => require('fs').rmSync('bitbake.lock', { force: true }), ${scenario.serverOutlives ?? 600_000})
    setTimeout(() => {}, ${(scenario.serverOutlives ?? 0) + (scenario.serverLingers ?? 0)})`
  server = spawn(process.execPath, ['-e', life, 'bitbake-server'], { detached: true, stdio: 'ignore' })
  writeFileSync('bitbake.lock', `${server.pid}\n`)
  server.unref()
}

const asked = options.includes('-e')
note(asked ? { asked: targets[0] } : { argv: process.argv.slice(2), pid: process.pid })
const code = asked ? answer() : scenario.transcript === undefined ? await build() : repeat(scenario.transcript)
if (scenario.kills && !asked) process.kill(process.ppid, 'SIGKILL')
if (scenario.dies) process.kill(process.pid, scenario.dies)
process.exitCode = scenario.exit ?? code

function repeat(recorded) {
  process.stdout.write(readFileSync(`${recorded}.stdout`))
  process.stderr.write(readFileSync(`${recorded}.stderr`))
  return JSON.parse(readFileSync(`${recorded}.json`, 'utf8')).code
}

/** As `bitbake -e` does, with the variables that are read and a few lines between them. */
function answer() {
  const [, multiconfig = '', recipe] = /^(?:mc:([^:]*):)?([^:]+)$/.exec(targets[0])
  if (scenario.silent) return 1
  out('Parsing recipes...done.')
  if (scenario.unknown?.includes(multiconfig)) {
    error(`Multiconfig dependency ${targets[0]} depends on nonexistent multiconfig configuration named ${multiconfig}`)
    return summarize(1)
  }
  const [topdir, layer] = [process.cwd(), path.dirname(recipes)]
  const x86 = multiconfig.includes('x86') || multiconfig === ''
  const machine = x86 ? 'qemux86-64' : 'qemuarm64'
  const tmpdir = multiconfig === '' ? `${topdir}/tmp` : `${topdir}/tmp-${multiconfig}`
  const conf = [`${topdir}/conf/bblayers.conf`, `${layer}/conf/layer.conf`, `${topdir}/conf/local.conf`]
  const variables = {
    BBFILES: ` ${recipes}/*.bb`,
    BBINCLUDED: [...conf, `${recipes}/${recipe}.bb`].join(' '),
    // It takes any other name as well.
    BBMULTICONFIG: /^(container-.*)?$/.test(multiconfig) ? 'container-aarch64 container-x86-64' : null,
    DEPLOY_DIR_IMAGE: `${tmpdir}/deploy/images/${machine}`,
    FILE: `${recipes}/${recipe}.bb`,
    IMAGE_BASENAME: recipe,
    IMAGE_LINK_NAME: `${recipe}-${machine}.rootfs`,
    MACHINE: machine,
    OCI_IMAGE_TAG: 'latest',
    TARGET_ARCH: x86 ? 'x86_64' : 'aarch64',
    STAMP: `${tmpdir}/stamps/${machine}/${recipe}/1.0`,
    TMPDIR: tmpdir,
    TOPDIR: topdir,
    ...scenario.answers?.[multiconfig],
  }
  out('#\n# INCLUDE HISTORY:\n#')
  for (const [name, value] of Object.entries(variables)) {
    if (value === null) continue
    const written = value.replaceAll('"', '\\"').replaceAll('\n', ' \\\n').replaceAll('$', '\\$')
    out(`#\n# $${name}\n#   set /bitbake.conf:1\n#     "${value}"\n${name}="${written}"`)
  }
  return 0
}

async function build() {
  const requests = targets.map((target) => {
    const [, multiconfig = '', recipe, task] = /^(?:mc:([^:]*):)?([^:]+):(do_\w+)$/.exec(target)
    return { target, multiconfig, recipe, task, file: `${multiconfig && `mc:${multiconfig}:`}${recipes}/${recipe}.bb` }
  })
  out('Parsing recipes...done.')
  const stranger = requests.find(({ multiconfig }) => scenario.unknown?.includes(multiconfig))
  if (stranger !== undefined) {
    const { target, multiconfig } = stranger
    error(`Multiconfig dependency ${target} depends on nonexistent multiconfig configuration named ${multiconfig}`)
    return summarize(1)
  }
  out('Initialising tasks...done.')
  const total = 3 * requests.length
  const failed = []
  const upToDate = 3 * requests.filter(({ multiconfig }) => scenario.upToDate?.includes(multiconfig)).length
  let completed = upToDate
  for (const { multiconfig, recipe, task, file } of requests) {
    if (scenario.upToDate?.includes(multiconfig)) continue
    if (scenario.drops?.includes(multiconfig) && !dryRun) continue
    for (const name of ['do_rootfs', 'do_image_oci', task]) {
      out(`NOTE: Running task ${completed + failed.length + 1} of ${total} (${file}:${name})`)
      if (dryRun) {
        completed++
        continue
      }
      const said = `NOTE: recipe ${recipe}-1.0: task ${name}:`
      out(`${said} Started`)
      if (scenario.hangs === multiconfig) await interrupted()
      if (interrupts > 1) return summarize(0)
      if (scenario.fails?.includes(multiconfig)) {
        const place = path.resolve(`tmp-${multiconfig}/work/${recipe}/1.0/temp`)
        const by = multiconfig && `mc:${multiconfig}:`
        error(`${by}${recipe}-1.0 ${name}: Execution of '${place}/run.${name}.${process.pid}' failed with exit code 7`)
        error(`Logfile of failure stored in: ${place}/log.${name}.${process.pid}`)
        out(`${said} Failed`)
        error(`Task (${file}:${name}) failed with exit code '1'`)
        failed.push({ task: `${file}:${name}`, log: `${place}/log.${name}.${process.pid}` })
        break
      }
      out(`${said} Succeeded`)
      completed++
      if (interrupts > 0) break
    }
    if (!dryRun && failed.length === 0) deploy(scenario.deploys?.[multiconfig])
    if (interrupts > 0 || (failed.length > 0 && !keepGoing)) break
  }
  const all = failed.length === 0 ? 'all succeeded' : `${failed.length} failed`
  const attempted = completed + failed.length
  if (!scenario.noSummary) {
    out(`NOTE: Tasks Summary: Attempted ${attempted} tasks of which ${upToDate} didn't need to be rerun and ${all}.`)
  }
  if (interrupts > 0) error('Command execution failed: Stopped build')
  if (failed.length > 0) out(`\nSummary: ${failed.length} task${failed.length === 1 ? '' : 's'} failed:`)
  for (const { task, log } of failed) out(`  ${task}\n    log: ${log}`)
  return summarize(failed.length + Math.min(interrupts, 1))
}

/** Until it has had as many interrupts as the scenario wants. */
async function interrupted() {
  // The test that wanted it is over, one way or another.
  const alive = setInterval(() => existsSync(process.env.FAKE_BITBAKE) || process.exit(1), 1000)
  note({ hanging: true })
  if (scenario.serverDies) setTimeout(() => server.kill('SIGKILL'), 300)
  while (interrupts < (scenario.interrupts ?? 1)) await new Promise((resolve) => (wake = resolve))
  clearInterval(alive)
}

function summarize(errors) {
  if (errors > 0) {
    const messages = errors === 1 ? 'was 1 ERROR message' : `were ${errors} ERROR messages`
    out(`\nSummary: There ${messages}, returning a non-zero exit code.`)
  }
  if (interrupts > 1) out('\nSummary: There was 1 WARNING message.')
  if (interrupts > 0) out('Execution was interrupted, returning a non-zero exit code.')
  return errors > 0 || interrupts > 0 ? 1 : 0
}

/** Of a multiconfig: what to copy from where to where in the build directory, in place of what is there. */
function deploy(copies = {}) {
  for (const [to, from] of Object.entries(copies)) {
    rmSync(to, { recursive: true, force: true })
    cpSync(from, to, { recursive: true, verbatimSymlinks: true })
  }
}
