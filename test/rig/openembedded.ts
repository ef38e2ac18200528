/** A project on real OpenEmbedded whose image holds one file, and needs no compiler and no native tools. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { temporaryDirectory } from './temp.js'

const multiconfig = 'container-aarch64'

/** Recipes are masked, except the image: parsing them all takes minutes. */
const localConf = `MACHINE ?= "qemux86-64"
PACKAGE_CLASSES = "package_ipk"
BBMULTICONFIG = "${multiconfig}"
INHERIT_DISTRO:remove = "create-spdx"
INHERIT:remove = "uninative"
CONNECTIVITY_CHECK_URIS = ""
PATCHRESOLVE = "noop"
HOSTTOOLS += "umoci jq"
BBMASK += "/openembedded-core/meta/recipes- /meta-virtualization/"
BBFILE_PATTERN_IGNORE_EMPTY_core = "1"
BBFILE_PATTERN_IGNORE_EMPTY_virtualization-layer = "1"
LAYERDEPENDS_virtualization-layer = "core"
`

const layerConf = `BBPATH .= ":\${LAYERDIR}"
BBFILES += "\${LAYERDIR}/images/*.bb \${LAYERDIR}/images/*.bbappend"
BBFILE_COLLECTIONS += "test"
BBFILE_PATTERN_test = "^\${LAYERDIR}/"
BBFILE_PRIORITY_test = "9"
LAYERSERIES_COMPAT_test = "kirkstone scarthgap wrynose blacksail"
`

/** Its tasks depend on nothing but each other, and none runs under pseudo. */
const recipe = `LICENSE = "CLOSED"
inherit image image-oci
IMAGE_FSTYPES = "oci"
IMAGE_TYPEDEP:oci = ""
IMAGE_FEATURES = ""
IMAGE_INSTALL = ""
IMAGE_LINGUAS = ""
PACKAGE_INSTALL = ""
DEPENDS = ""
RRECOMMENDS = ""
python do_rootfs() {
    root = d.getVar('IMAGE_ROOTFS')
    bb.utils.remove(root, recurse=True)
    bb.utils.mkdirhier(root)
    bb.utils.mkdirhier(d.getVar('IMGDEPLOYDIR'))
    with open(root + '/hello', 'w') as file:
        file.write('hello\\n')
}
python () {
    kept = ('do_rootfs', 'do_image', 'do_image_oci', 'do_image_complete', 'do_build', 'do_prepare_recipe_sysroot')
    for task in list(d.getVar('__BBTASKS', False) or []):
        for flag in ('depends', 'rdepends', 'deptask', 'rdeptask', 'recrdeptask', 'recideptask', 'fakeroot'):
            d.delVarFlag(task, flag)
        if task not in kept and 'setscene' not in task:
            bb.build.deltask(task, d)
}
`

/** @param release checkouts of one release @returns the project's directory */
export function openEmbeddedProject(release: string): string {
  const directory = temporaryDirectory()
  const file = (name: string, content: string): void => {
    const place = path.join(directory, name)
    mkdirSync(path.dirname(place), { recursive: true })
    writeFileSync(place, content)
  }
  const [core, virtualization, bitbake] = ['openembedded-core', 'meta-virtualization', 'bitbake'].map((name) =>
    path.resolve(release, name),
  )
  const layers = [`${core}/meta`, virtualization, path.join(directory, 'meta-test')]
  file('build/conf/bblayers.conf', `BBPATH = "\${TOPDIR}"\nBBFILES ?= ""\nBBLAYERS = "${layers.join(' ')}"\n`)
  file('build/conf/local.conf', localConf)
  const tmpdir = `TMPDIR = "\${TOPDIR}/tmp-\${BB_CURRENT_MC}"`
  file(`build/conf/multiconfig/${multiconfig}.conf`, `MACHINE = "qemuarm64"\n${tmpdir}\n`)
  file('meta-test/conf/layer.conf', layerConf)
  file('meta-test/images/hello.bb', recipe)
  const build = { directory: 'build', init: [`${core}/oe-init-build-env`, 'build', bitbake] }
  file('multiarch.config.json', JSON.stringify({ build, targets: { hello: { platforms: ['aarch64'] } } }))
  return directory
}

/** Returns the layout of the image that has the latest time in its name. */
export function newestLayout(directory: string): string {
  const build = path.join(directory, 'build')
  // With scarthgap and earlier TCLIBCAPPEND adds to TMPDIR.
  const tmpdir = readdirSync(build).find((name) => name.startsWith(`tmp-${multiconfig}`))!
  const deploy = path.join(build, tmpdir, 'deploy/images/qemuarm64')
  const time = (name: string): string => /-(\d{14})\b/.exec(name)?.[1] ?? ''
  const layouts = readdirSync(deploy).filter((name) => name.endsWith('-oci') && time(name) !== '')
  return path.join(deploy, layouts.toSorted((a, b) => (time(a) < time(b) ? -1 : 1)).at(-1)!)
}
