/** A project with real BitBake whose runs are stopped at chosen moments. */
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
import * as assert from 'uvu/assert'
import type { Event } from '../../src/execute/event.js'
import { until } from '../bitbake/calls.js'
import { makeProject } from './fixture.js'

export const project = makeProject({
  build: { directory: 'build', command: [process.env['BITBAKE'] || 'bitbake'] },
  targets: { hello: { recipe: 'hello-container', platforms: ['aarch64', 'x86_64'] } },
})

/** A recipe that comes from a shared state, and one whose task takes a second. */
export function writeMetadata(): void {
  const shared = ['def all_there(sq_data, d, siginfo=False, currentcount=0, summary=True, **kwargs):']
  project.write('meta-hello/classes/shared.bbclass', [...shared, '    return set(sq_data["hash"])', ''].join('\n'))
  const inherit = '\nINHERIT += "shared"\nBB_HASHCHECK_FUNCTION = "all_there"\n'
  project.write('meta-hello/conf/bitbake.conf', (old) => old + inherit)
  const setscene = 'do_data_setscene() {\n    sleep 1\n}\naddtask data_setscene\n'
  const data = 'VALUE = ""\ndo_data[vardeps] += "VALUE"\n'
  project.write('meta-hello/recipes/cached.bb', `do_data() {\n    :\n}\naddtask data\n${setscene}${data}`)
  project.write('meta-hello/recipes/hello-container.bb', (old) =>
    old.replace('do_rootfs() {', 'do_rootfs[depends] = "cached:do_data"\ndo_rootfs() {\n    sleep 1 #'),
  )
}

/** Every task has something to do again, and the image is another one. */
export function touchMetadata(value: string): void {
  project.write('meta-hello/recipes/cached.bb', (old) => old.replace(/VALUE = ".*"/, `VALUE = "${value}"`))
  project.write('meta-hello/recipes/hello-container.bb', (old) =>
    old.replace(/hello from .* \$/, `hello from ${value} $`).replace('hello from $', `hello from ${value} $`),
  )
}

export type Moment = (event: Event) => boolean

export function says(pattern: RegExp): Moment {
  return (event) => event.kind === 'task-output' && pattern.test(event.line)
}

export function shows(pattern: RegExp): Moment {
  return (event) => event.kind === 'task-progress' && pattern.test(event.text)
}

export function ends(kind: string): Moment {
  return (event) => event.kind === 'task-finished' && event.task === kind
}

/** Starts a run, and sends the signals, each when its moment has come. @returns the exit. */
export async function stoppedAt(...plan: readonly (readonly [Moment, NodeJS.Signals])[]): Promise<number | string> {
  const child = project.start('run', '--progress', 'json', '-v')
  const left = [...plan]
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const event = JSON.parse(line) as Event
    while (left[0]?.[0](event) === true) child.kill(left.shift()![1])
  })
  child.stderr!.resume()
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  assert.is(left.length, 0, 'a moment never came')
  return code ?? signal!
}

/** Processes that run in the project, or for it. */
function processesThere(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return []
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const there =
        command.includes(project.directory) || readlinkSync(`/proc/${pid}/cwd`).startsWith(project.directory)
      return there ? [command] : []
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

export async function checkNothingIsLeft(): Promise<void> {
  await until('no process is left', () => processesThere().length === 0)
  assert.not.ok(existsSync(project.file('build/bitbake.lock')), 'the lock of BitBake')
}
