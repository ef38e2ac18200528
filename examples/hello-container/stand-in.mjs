#!/usr/bin/env node
/**
 * A STAND-IN for BitBake, for machines that have none: it makes the layouts that the recipe beside it makes, to the
 * byte, and prints lines of the same form. It parses no metadata: what the recipe and the multiconfigs say is repeated
 * here, and a test with real BitBake proves that both give one image.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { crc32 } from 'node:zlib'

const recipe = 'hello-container'
const multiconfigs = {
  'container-aarch64': { machine: 'qemuarm64', targetArch: 'aarch64', ociArch: 'arm64' },
  'container-x86-64': { machine: 'qemux86-64', targetArch: 'x86_64', ociArch: 'amd64' },
}

const targets = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const [asked, dryRun] = [process.argv.includes('-e'), process.argv.includes('-n')]
if (process.argv.includes('--version')) {
  console.log('stand-in for BitBake, version 2')
  process.exit()
}
console.log('NOTE: this is the stand-in of examples/hello-container, not BitBake')
const requests = targets.map((target) => {
  const form = asked ? /^mc:([^:]*):([^:]+)$/ : /^mc:([^:]*):([^:]+):do_image_complete$/
  const [, multiconfig, name] = form.exec(target) ?? []
  if (name === undefined) stop(`the stand-in builds mc:<multiconfig>:${recipe}:do_image_complete only, not ${target}`)
  if (!Object.hasOwn(multiconfigs, multiconfig)) {
    stop(
      `Multiconfig dependency mc:${multiconfig}:${name} depends on nonexistent multiconfig configuration named ${multiconfig}`,
    )
  }
  if (name !== recipe) stop(`Nothing PROVIDES '${name}'. Close matches:\n  ${recipe}`)
  return { multiconfig, ...multiconfigs[multiconfig] }
})

if (asked) requests.forEach(printEnvironment)
else build()

/** What `bitbake -e` says, as far as anybody asks. */
function printEnvironment({ multiconfig, machine, targetArch }) {
  const topdir = process.cwd()
  const layer = path.resolve('../meta-hello')
  const file = path.join(layer, `recipes/${recipe}.bb`)
  const variables = {
    BBINCLUDED: [path.join(topdir, 'conf/local.conf'), path.join(layer, 'conf/bitbake.conf'), file].join(' '),
    BBMULTICONFIG: Object.keys(multiconfigs).join(' '),
    DEPLOY_DIR_IMAGE: path.join(topdir, `tmp-${multiconfig}/deploy/images/${machine}`),
    FILE: file,
    IMAGE_BASENAME: recipe,
    IMAGE_LINK_NAME: `${recipe}-${machine}.rootfs`,
    MACHINE: machine,
    OCI_IMAGE_TAG: 'latest',
    TARGET_ARCH: targetArch,
    TMPDIR: path.join(topdir, `tmp-${multiconfig}`),
    TOPDIR: topdir,
  }
  for (const [name, value] of Object.entries(variables)) console.log(`#\n# $${name}\n${name}="${value}"`)
}

function build() {
  let upToDate = 0
  requests.forEach(({ multiconfig, machine, targetArch, ociArch }, position) => {
    const deploy = path.resolve(`tmp-${multiconfig}/deploy/images/${machine}`)
    const link = path.join(deploy, `${recipe}-latest-oci`)
    const image = makeImage(targetArch, ociArch)
    if (existsSync(link) && readFileSync(path.join(link, 'index.json'), 'utf8') === image.index) {
      upToDate++
      return
    }
    const file = path.resolve(`../meta-hello/recipes/${recipe}.bb`)
    console.log(
      `NOTE: Running task ${position + 1} of ${requests.length} (mc:${multiconfig}:${file}:do_image_complete)`,
    )
    if (dryRun) return
    console.log(`NOTE: recipe ${recipe}-1.0: task do_image_complete: Started`)
    rmSync(deploy, { recursive: true, force: true })
    const stamp = new Date().toISOString().replaceAll(/[-:T]|\..*/g, '')
    const name = `${recipe}-${machine}.rootfs-${stamp}-oci`
    for (const [at, content] of Object.entries(image.files)) {
      mkdirSync(path.dirname(path.join(deploy, name, at)), { recursive: true })
      writeFileSync(path.join(deploy, name, at), content)
    }
    writeFileSync(path.join(deploy, `${name}.tar`), tarOf(image.files))
    symlinkSync(name, link)
    symlinkSync(`${name}.tar`, `${link}.tar`)
    console.log(`NOTE: recipe ${recipe}-1.0: task do_image_complete: Succeeded`)
  })
  console.log(
    `NOTE: Tasks Summary: Attempted ${requests.length} tasks of which ${upToDate} didn't need to be rerun and all succeeded.`,
  )
}

/** What `do_rootfs` and `do_image_oci` make. */
function makeImage(targetArch, ociArch) {
  const files = {}
  const blob = (kind, data) => {
    const hex = sha256(data)
    files[`blobs/sha256/${hex}`] = data
    return { mediaType: `application/vnd.oci.image.${kind}`, digest: `sha256:${hex}`, size: data.length }
  }
  const layer = tarOf({
    'etc/os-release': Buffer.from('NAME="hello-container"\n'),
    'hello.txt': Buffer.from(`hello from ${targetArch}\n`),
  })
  const config = blob(
    'config.v1+json',
    encode({
      architecture: ociArch,
      os: 'linux',
      config: { Entrypoint: ['sh'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
    }),
  )
  const manifest = blob(
    'manifest.v1+json',
    encode({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config,
      layers: [blob('layer.v1.tar+gzip', gzip(layer))],
    }),
  )
  const entry = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'latest' } }
  files['index.json'] = encode({ schemaVersion: 2, manifests: [entry] })
  files['oci-layout'] = encode({ imageLayoutVersion: '1.0.0' })
  return { files, index: files['index.json'].toString() }
}

/** As `tar()` of image-oci.bbclass: every directory and file in order of their paths, nobody's, of no time. */
function tarOf(files) {
  const entries = new Map()
  for (const [name, content] of Object.entries(files)) {
    const parts = name.split('/')
    for (let depth = 1; depth < parts.length; depth++) entries.set(parts.slice(0, depth).join('/'), undefined)
    entries.set(name, content)
  }
  // Python sorts paths part by part: "a/b" before "a-b".
  const byParts = ([a], [b]) => (a.replaceAll('/', '\0') < b.replaceAll('/', '\0') ? -1 : 1)
  const blocks = [...entries]
    .toSorted(byParts)
    .flatMap(([name, content]) =>
      content === undefined
        ? [header(`./${name}/`, 0, true)]
        : [header(`./${name}`, content.length, false), content, Buffer.alloc((512 - (content.length % 512)) % 512)],
    )
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** As `gzip()` of image-oci.bbclass: stored blocks, so that no compressor's version shows. */
function gzip(data) {
  const blocks = []
  for (let at = 0; at < data.length; at += 0xffff) {
    const part = data.subarray(at, at + 0xffff)
    const head = Buffer.alloc(5)
    head.writeUInt8(at + part.length === data.length ? 1 : 0)
    head.writeUInt16LE(part.length, 1)
    head.writeUInt16LE(part.length ^ 0xffff, 3)
    blocks.push(head, part)
  }
  const tail = Buffer.alloc(8)
  tail.writeUInt32LE(crc32(data))
  tail.writeUInt32LE(data.length, 4)
  return Buffer.concat([Buffer.from('1f8b08000000000000ff', 'hex'), ...blocks, tail])
}

function header(name, size, isDirectory) {
  const block = Buffer.alloc(512)
  const octal = (number, offset, length) => block.write(number.toString(8).padStart(length - 1, '0'), offset, 'latin1')
  block.write(name, 0)
  octal(isDirectory ? 0o755 : 0o644, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  block.fill(' ', 148, 156)
  block.write(isDirectory ? '5' : '0', 156)
  block.write('ustar\x0000', 257, 'latin1')
  octal(0, 329, 8)
  octal(0, 337, 8)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

function encode(document) {
  return Buffer.from(JSON.stringify(document))
}

function sha256(data) {
  return createHash('sha256').update(data).digest('hex')
}

function stop(message) {
  console.error(`ERROR: ${message}`)
  process.exit(1)
}
