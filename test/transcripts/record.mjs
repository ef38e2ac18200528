/**
 * Records what BitBake prints, on copies of examples/hello-container: `<version>/<case>.{stdout,stderr,json}` here.
 *
 *     node test/transcripts/record.mjs PATH/TO/bitbake [CASE…]
 *
 * Not a part of `npm test`. Run it when a new BitBake comes out, once for each version that matters, and read the
 * difference. Needs what BitBake needs: /usr/bin/python3, the locale en_US.UTF-8, zstd.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { format } from 'prettier'

const [program, ...only] = process.argv.slice(2)
const { cases } = await import('./cases.mjs')
const here = import.meta.dirname
const bitbake = realpathSync(program)
const env = { HOME: '/', LANG: 'C.UTF-8', TERM: 'dumb', PATH: `${path.dirname(bitbake)}:/usr/bin:/bin` }
const version = /\d+\.\d+\.\d+$/.exec(spawnSync(bitbake, ['--version'], { env, encoding: 'utf8' }).stdout.trim())[0]
const directory = path.join(here, version.replace(/\.\d+$/, ''))
mkdirSync(directory, { recursive: true })

const chosen = Object.entries(cases).filter(([name]) => only.length === 0 || only.includes(name))
for (const [name, { argv, project = {}, edit = {}, first = [], tmpfs = {}, ...how }] of chosen) {
  const place = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'record-')))
  copyExample(place)
  write(place, project)
  for (const earlier of first) await run(place, earlier)
  write(place, edit)
  const mounts = Object.entries(tmpfs).map(([where, size]) => mount(path.join(place, where), size))
  const { stdout, stderr, code, signal } = await run(place, argv, how)
  const neutral = (text) =>
    text.replaceAll(place, '/work-dir').replaceAll(path.dirname(path.dirname(bitbake)), '/bitbake')
  writeFileSync(path.join(directory, `${name}.stdout`), neutral(stdout))
  writeFileSync(path.join(directory, `${name}.stderr`), neutral(stderr))
  const record = { bitbake: version, argv, ...how, code, signal }
  writeFileSync(
    path.join(directory, `${name}.json`),
    await format(JSON.stringify(record), { parser: 'json', printWidth: 120 }),
  )
  console.log(`${version} ${name}: ${signal ?? `exit ${code}`}`)
  // BitBake's server outlives its client, and writes into the directory until it goes.
  // That of BitBake 2.0 hangs after a SIGTERM.
  for (let waits = 150; serverAlive(place); waits--) {
    if (waits === 0) process.kill(serverPid(place), 'SIGKILL')
    await delay(200)
  }
  for (const unmount of mounts) unmount()
  rmSync(place, { recursive: true, force: true })
}

function copyExample(place) {
  const example = path.join(here, '../../examples/hello-container')
  cpSync(path.join(example, 'meta-hello'), path.join(place, 'meta-hello'), { recursive: true })
  cpSync(path.join(example, 'build/conf'), path.join(place, 'build/conf'), { recursive: true })
  // What the example asks of BitBake and older ones do not know: 2.8 names the default configuration, 2.0 ends a Python
  // expression at the first brace.
  write(place, {
    'meta-hello/conf/bitbake.conf': (text) =>
      text.replace("if '${BB_CURRENT_MC}' else", "if d.getVar('BB_CURRENT_MC') not in ('', 'default') else"),
    'meta-hello/classes/image-oci.bbclass': (text) =>
      text.replace("{'aarch64': 'arm64', 'x86_64': 'amd64'}[", "dict(aarch64='arm64', x86_64='amd64')["),
  })
}

/** File name to its new content, or to a function of the old. */
function write(place, files) {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(place, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'function' ? content(readFileSync(file, 'utf8')) : content)
  }
}

/** A file system with room for so much, as a disk that is nearly full. Needs root. */
function mount(place, size) {
  mkdirSync(place, { recursive: true })
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`cannot mount a tmpfs at ${place}`)
  return () => spawnSync('umount', ['-l', place], { stdio: 'inherit' })
}

/** A directory with every program of the machine but these. */
function programsWithout(names) {
  const place = mkdtempSync(path.join(os.tmpdir(), 'record-bin-'))
  for (const from of ['/usr/bin', '/bin']) {
    for (const name of readdirSync(from)) {
      const link = path.join(place, name)
      if (!names.includes(name) && !existsSync(link)) symlinkSync(path.join(from, name), link)
    }
  }
  return place
}

function serverPid(place) {
  const file = path.join(place, 'build/bitbake.lock')
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : Number.NaN
}

function serverAlive(place) {
  const pid = serverPid(place)
  return pid > 1 && existsSync(`/proc/${pid}`)
}

/** The server, or the first worker of it. */
function victim(place, who) {
  const server = serverPid(place)
  if (who === 'server') return server
  return readdirSync('/proc').find((pid) => {
    const read = (name) => (existsSync(`/proc/${pid}/${name}`) ? readFileSync(`/proc/${pid}/${name}`, 'latin1') : '')
    return /^\d+$/.test(pid) && read('status').includes(`PPid:\t${server}\n`) && read('cmdline').includes('-worker')
  })
}

/**
 * Interrupts once the task of `sleeper` runs, and again a second later: BitBake does not say at once that it heard; or
 * sends the signal of `kills` to its server or worker.
 */
function run(place, argv, { interrupts = 0, kills, environment = {}, without = [] } = {}) {
  return new Promise((resolve) => {
    const restricted = without.length > 0 ? { PATH: `${path.dirname(bitbake)}:${programsWithout(without)}` } : {}
    const options = { cwd: path.join(place, 'build'), env: { ...env, ...restricted, ...environment } }
    const child = spawn(bitbake, argv, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = { stdout: '', stderr: '' }
    let sent = 0
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        output[stream] += text
        if (sent > 0 || !output.stdout.includes('sleeper-1.0: task do_rootfs: Started')) return
        for (; sent < interrupts; sent++) setTimeout(() => child.kill('SIGINT'), 1000 * sent)
        if (kills === undefined || sent++ > 0) return
        process.kill(victim(place, kills.who), kills.signal)
        // BitBake 2.0 waits for ever for a server that is gone.
        setTimeout(() => child.kill('SIGKILL'), 100_000).unref()
      })
    }
    child.once('close', (code, signal) => resolve({ ...output, code, signal }))
  })
}
