import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fakeBitbake } from '../rig/fake-bitbake.js'
import { missingTool, testWith } from '../rig/tools.js'
import { helloConfig, mabProgram, makeProject, type Project } from './fixture.js'

const test = suite('on a terminal')
const missing = missingTool('script')

/** What a terminal of 100 columns is sent, without what moves the cursor or colours. */
function onTerminal({ directory }: Project, rows: number, ...args: string[]): { code: number | null; lines: string[] } {
  const command = `stty cols 100 rows ${rows}; ${process.execPath} ${mabProgram} ${args.join(' ')}`
  const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, CI: '', TERM: 'xterm', SHELL: '/bin/sh' },
  })
  return { code: status, lines: stdout.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '').split(/\r?\n/) }
}

testWith(test, missing, 'a list ends with a mark for each task, then the result', () => {
  const project = makeProject()
  const { code, lines } = onTerminal(project, 40, 'run')
  assert.is(code, 0)
  const last = lines.slice(lines.findLastIndex((line) => line.includes('bitbake build')))
  assert.match(last[0]!, /^✔ bitbake build: 2 tasks run, 0 up to date, by node stand-in\.mjs \(/)
  assert.ok(last.some((line) => line.startsWith('✔ verify hello: 2 platforms')))
  assert.ok(last.some((line) => /^hello {2}built {2}sha256:/.test(line)))
  const again = onTerminal(project, 40, 'run').lines.filter((line) => line !== '')
  assert.match(again.join('\n'), /^hello {2}fresh {2}sha256:\w+\n +deploy\/.*\neverything is fresh \(\d+ ms\)$/)
})

testWith(test, missing, 'a failure keeps its line, and is explained below the list', () => {
  const config = helloConfig() as { build: { directory: string } }
  config.build.directory = 'nowhere'
  const { code, lines } = onTerminal(makeProject(config), 40, 'run')
  assert.is(code, 1)
  assert.ok(lines.includes('✖ bitbake nowhere: nowhere is not a BitBake build directory'))
  assert.ok(lines.includes('↓ verify hello: blocked (needs index:hello)'))
  assert.ok(lines.includes('error: nowhere is not a BitBake build directory'))
  assert.ok(lines.includes('  found: no such directory'))
})

testWith(
  test,
  missing,
  'a list longer than the terminal shows what runs and a count, and at the end everything',
  () => {
    const platforms = ['aarch64', 'x86_64']
    const target = { recipe: 'hello-container', platforms, sources: ['meta-hello/**'] }
    const names = Array.from({ length: 40 }, (_, number) => `t${number}`)
    const config = { ...helloConfig(), targets: Object.fromEntries(names.map((name) => [name, target])) }
    const { code, lines } = onTerminal(makeProject(config), 20, 'run')
    assert.is(code, 0)
    assert.ok(lines.some((line) => /^ {2}\d+ done or fresh, 0 not begun, \d+ to go$/.test(line)))
    for (const name of names) assert.ok(lines.some((line) => line.startsWith(`✔ verify ${name}:`)))
  },
)

testWith(test, missing, 'what BitBake runs is below its line, each task with its time, until Ctrl-C', async () => {
  const fake = fakeBitbake({ hangs: 'board' })
  const { directory } = makeProject({
    build: { directory: 'build', command: fake.build.command },
    platforms: { board: { multiconfig: 'board', platform: 'linux/arm64' } },
    targets: { hello: { recipe: 'hello-container', platforms: ['board'] } },
  })
  const command = `stty cols 100 rows 40; exec ${process.execPath} ${mabProgram} run`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: directory,
    env: { ...process.env, ...fake.environment, CI: '', TERM: 'xterm', SHELL: '/bin/sh' },
  })
  let shown = ''
  let interrupted = false
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString().replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
    if (interrupted || !/› \d of 3 \(.*\)\r?\n +board \(linux\/arm64\): hello-container do_rootfs \(/.test(shown))
      return
    interrupted = true
    child.stdin.write('\x03')
  })
  const [code] = (await once(child, 'close')) as [number]
  assert.is(code, 130, shown)
  assert.ok(interrupted, shown)
  assert.match(shown, /hello {2}cancelled\r?\ninterrupted after /)
})

testWith(test, missing, 'a task of BitBake that failed is shown while the others run', async () => {
  const fake = fakeBitbake({ fails: ['board'], hangs: 'x86', interrupts: 1 })
  const platforms = ['board', 'x86']
  const { directory } = makeProject({
    build: { directory: 'build', command: fake.build.command },
    platforms: Object.fromEntries(
      platforms.map((name) => [name, { multiconfig: name, platform: `linux/${name === 'board' ? 'arm64' : 'amd64'}` }]),
    ),
    targets: { hello: { recipe: 'hello-container', platforms } },
  })
  const command = `stty cols 100 rows 40; exec ${process.execPath} ${mabProgram} run -k`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: directory,
    env: { ...process.env, ...fake.environment, CI: '', TERM: 'xterm', SHELL: '/bin/sh' },
  })
  let shown = ''
  let interrupted = false
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString().replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
    if (interrupted || !/hello-container do_rootfs failed in multiconfig board\r?\n +task log: build\//.test(shown))
      return
    interrupted = true
    child.stdin.write('\x03')
  })
  const [code] = (await once(child, 'close')) as [number]
  assert.is(code, 130, shown)
  assert.match(shown, 'error: hello-container do_rootfs failed in multiconfig board')
  assert.match(
    shown,
    /hello {2}not built: hello-container do_rootfs failed in multiconfig board\r?\ninterrupted after /,
  )
})

testWith(test, missing, 'a terminal of no width gets lines', () => {
  const project = makeProject()
  writeFileSync(path.join(project.directory, 'run.sh'), `stty cols 0; exec ${process.execPath} ${mabProgram} run`)
  const { stdout } = spawnSync('script', ['-qec', 'sh run.sh', '/dev/null'], {
    cwd: project.directory,
    encoding: 'utf8',
    env: { ...process.env, CI: '', TERM: 'xterm', SHELL: '/bin/sh' },
  })
  assert.match(stdout, /ok +.*verify hello/)
})

test.run()
