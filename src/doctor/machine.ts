/** The machine, whatever is to be built on it. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import type { Finding } from './finding.js'

const neededNode = [20, 19] as const

/** @param version as in process.versions */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const enough = major > neededNode[0] || (major === neededNode[0] && minor >= neededNode[1])
  if (enough) return { check: 'node', status: 'ok', found: version }
  const fix = `install Node ${neededNode.join('.')} or later`
  return { check: 'node', status: 'failure', found: version, fix }
}

/** What people do with images, for the next step; none of it is needed to build them. */
const programs = ['skopeo', 'podman', 'buildah', 'umoci', 'crane', 'kas'] as const

export function checkPrograms(env: Readonly<Record<string, string | undefined>>): Finding[] {
  return programs.map((subject) => {
    const version = versionOf(subject, env)
    return { check: 'program', status: 'ok', subject, found: version ?? 'not installed (only needed to use it)' }
  })
}

/** The first line with a number that `--version` prints. */
export function versionOf(program: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  for (const argument of ['--version', 'version']) {
    const { status, stdout } = spawnSync(program, [argument], { env: { ...env }, encoding: 'utf8', timeout: 10_000 })
    const line = status === 0 ? stdout.split('\n').find((text) => /\d/.test(text)) : undefined
    if (line !== undefined) return /\d[\w.+~-]*/.exec(line)![0]
  }
  return undefined
}

/** Blobs that are copied get the mode 0644, but the directories follow the umask. */
export function checkUmask(): Finding {
  const status = fs.existsSync('/proc/self/status') ? fs.readFileSync('/proc/self/status', 'utf8') : ''
  const umask = /^Umask:\s+(\d+)$/m.exec(status)?.[1]
  if (umask === undefined) return { check: 'umask', status: 'ok', found: 'not known on this system' }
  const closed = (Number.parseInt(umask, 8) & 0o005) !== 0
  return closed
    ? {
        check: 'umask',
        status: 'warning',
        found: `${umask}: other users will not be able to read the images`,
        fix: "umask 022, if others are to read them (a registry's or container engine's user, for example)",
      }
    : { check: 'umask', status: 'ok', found: umask }
}
