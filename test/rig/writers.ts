/** Single-platform layouts written by the tools that write them in the field. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { temporaryDirectory } from './temp.js'
import { missingTool } from './tools.js'

export interface Written {
  /** The layout. */
  readonly directory: string
  /** A tar of it: the writer's own where it makes one, else as image-oci.bbclass packs it. */
  readonly archive: string
}

export interface Writer {
  readonly name: string
  /** Why it cannot be used here. */
  readonly missing: string | undefined
  /** A layout with one image whose `/etc/machine` says the architecture. */
  write(architecture: string): Written
}

export function runTool(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** A root file system that says what it is for. */
function makeRootfs(architecture: string): string {
  const directory = temporaryDirectory()
  mkdirSync(path.join(directory, 'etc'))
  writeFileSync(path.join(directory, 'etc', 'machine'), architecture)
  return directory
}

/** A tar with the layout in one directory inside. */
function packed(directory: string): Written {
  const archive = `${directory}.tar`
  runTool('tar', '-cf', archive, '-C', path.dirname(directory), path.basename(directory))
  return { directory, archive }
}

/**
 * The calls of meta-virtualization's image-oci-umoci.inc: init, new, unpack, a copied root file system, repack, one
 * `umoci config` for each setting, tag.
 */
export function writeWithUmoci(architecture: string): Written {
  const work = temporaryDirectory()
  const [layout, bundle] = [path.join(work, 'hello-latest-oci'), path.join(work, 'bundle')]
  const image = `${layout}:latest`
  const config = (...args: string[]): string => runTool('umoci', 'config', '--image', image, ...args)
  runTool('umoci', 'init', '--layout', layout)
  runTool('umoci', 'new', '--image', image)
  runTool('umoci', 'unpack', '--rootless', '--image', image, bundle)
  cpSync(makeRootfs(architecture), path.join(bundle, 'rootfs'), { recursive: true })
  runTool('umoci', 'repack', '--image', image, bundle)
  config('--config.label', 'org.opencontainers.image.vendor=Acme')
  config('--config.label', 'org.opencontainers.image.title=hello')
  config('--config.env', 'PATH=/usr/bin')
  config('--config.stopsignal', 'SIGTERM')
  config('--config.workingdir', '/')
  config('--os', 'linux')
  config('--architecture', architecture)
  config('--config.entrypoint', '/bin/sh')
  config('--config.cmd', '-l')
  config('--author', 'nobody@example.com')
  runTool('umoci', 'tag', '--image', image, '1.0')
  // The entry that `latest` moved behind: an image of its own.
  runTool('umoci', 'config', '--image', `${layout}:1.0`, '--config.label', 'release=1.0')
  return packed(layout)
}

function writeWithBuildah(architecture: string): Written {
  const work = temporaryDirectory()
  const storage = ['--root', `${work}/root`, '--runroot', `${work}/runroot`, '--storage-driver', 'vfs']
  const buildah = (...args: string[]): string => runTool('buildah', ...storage, ...args).trim()
  const container = buildah('from', '--arch', architecture, 'scratch')
  buildah('copy', container, makeRootfs(architecture), '/')
  buildah('config', '--arch', architecture, '--os', 'linux', container)
  buildah('commit', '--format', 'oci', container, `oci:${work}/layout:latest`)
  buildah('commit', '--format', 'oci', container, `oci-archive:${work}/layout.tar:latest`)
  return { directory: `${work}/layout`, archive: `${work}/layout.tar` }
}

function writeWithPodman(architecture: string): Written {
  const work = temporaryDirectory()
  const storage = ['--root', `${work}/root`, '--runroot', `${work}/runroot`, '--storage-driver', 'vfs']
  const podman = (...args: string[]): string => runTool('podman', ...storage, ...args)
  runTool('tar', '-cf', `${work}/rootfs.tar`, '-C', makeRootfs(architecture), '.')
  podman('import', '--arch', architecture, '--os', 'linux', `${work}/rootfs.tar`, 'localhost/hello:latest')
  podman('save', '--format', 'oci-dir', '-o', `${work}/layout`, 'localhost/hello:latest')
  podman('save', '--format', 'oci-archive', '-o', `${work}/layout.tar`, 'localhost/hello:latest')
  return { directory: `${work}/layout`, archive: `${work}/layout.tar` }
}

/** What umoci made, copied by skopeo, which writes other modes, documents and layer compression. */
function writeWithSkopeo(architecture: string, ...options: readonly string[]): Written {
  const { directory } = writeWithUmoci(architecture)
  const work = temporaryDirectory()
  const copy = (place: string): string => runTool('skopeo', 'copy', ...options, `oci:${directory}:latest`, place)
  copy(`oci:${work}/layout:latest`)
  copy(`oci-archive:${work}/layout.tar:latest`)
  return { directory: `${work}/layout`, archive: `${work}/layout.tar` }
}

/** Whether the program can do its work on this machine: storages need rights that a container may not give. */
function tried(missing: string | undefined, name: string, write: () => unknown): string | undefined {
  if (missing !== undefined) return missing
  try {
    write()
    return undefined
  } catch {
    return `${name} cannot write an image on this machine`
  }
}

export const writers: readonly Writer[] = [
  { name: 'umoci', missing: missingTool('umoci', 'tar'), write: writeWithUmoci },
  { name: 'skopeo', missing: missingTool('skopeo', 'umoci', 'tar'), write: writeWithSkopeo },
  {
    name: 'skopeo with zstd',
    missing: missingTool('skopeo', 'umoci', 'tar'),
    write: (architecture) => writeWithSkopeo(architecture, '--dest-compress-format', 'zstd', '--dest-compress'),
  },
  {
    name: 'buildah',
    missing: tried(missingTool('buildah'), 'buildah', () => writeWithBuildah('arm64')),
    write: writeWithBuildah,
  },
  {
    name: 'podman',
    missing: tried(missingTool('podman', 'tar'), 'podman', () => writeWithPodman('arm64')),
    write: writeWithPodman,
  },
]
