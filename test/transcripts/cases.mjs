/** What record.mjs records: variations of examples/hello-container, and the command line for each. */
const recipe = (name) => `meta-hello/recipes/${name}.bb`
const localConf = 'build/conf/local.conf'
const image = (multiconfig, name = 'hello-container') => `mc:${multiconfig}:${name}:do_image_complete`
const [arm, x86] = [image('container-aarch64'), image('container-x86-64')]
const armFails = { [recipe('hello-container')]: (text) => `${text}\ndo_rootfs:append:qemuarm64() {\n    exit 7\n}\n` }
const sleeper = (seconds) => ({ [recipe('sleeper')]: `inherit image-oci\ndo_rootfs() {\n    sleep ${seconds}\n}\n` })
const python = (body) => `inherit image-oci\npython do_rootfs() {\n    ${body}\n}\n`

export const cases = {
  success: { argv: [arm, x86] },
  'no-op': { first: [[arm, x86]], argv: [arm, x86] },
  'dry-run': { argv: ['-n', arm, x86] },
  'dry-run-up-to-date': { first: [[arm, x86]], argv: ['-n', arm, x86] },
  'default-configuration': { argv: ['hello-container:do_image_complete'] },
  warnings: {
    project: {
      [recipe('warns')]:
        `${python('bb.warn("a warning of the task")')}\npython() {\n    bb.warn("a warning while parsing")\n}\n`,
    },
    argv: [image('container-aarch64', 'warns')],
  },
  'shell-task-fails': {
    project: { [recipe('fails')]: 'inherit image-oci\ndo_rootfs() {\n    echo to stdout\n    exit 3\n}\n' },
    argv: [image('container-aarch64', 'fails')],
  },
  'python-task-fatal': {
    project: { [recipe('fails')]: python('bb.fatal("boom by bb.fatal")') },
    argv: [image('container-aarch64', 'fails')],
  },
  'python-task-raises': {
    project: { [recipe('fails')]: python('raise KeyError("boom by raise")') },
    argv: [image('container-aarch64', 'fails')],
  },
  'python-task-opens-no-file': {
    project: { [recipe('fails')]: python('open("VERSION")') },
    argv: [image('container-aarch64', 'fails')],
  },
  'task-logs-error': {
    project: { [recipe('warns')]: python('bb.error("an error logged, the task goes on")') },
    argv: [image('container-aarch64', 'warns')],
  },
  'one-multiconfig-fails': { first: [[arm, x86]], edit: armFails, argv: [arm, x86] },
  'one-multiconfig-fails-keep-going': { first: [[arm, x86]], edit: armFails, argv: ['-k', arm, x86] },
  'two-multiconfigs-fail-keep-going': {
    project: { [recipe('hello-container')]: (text) => text.replace('mkdir etc', 'exit 7') },
    argv: ['-k', arm, x86],
  },
  'one-multiconfig-fails-keep-going-first-build': {
    project: armFails,
    argv: ['-k', arm, x86],
  },
  'default-configuration-fails-keep-going': {
    project: { [recipe('hello-container')]: (text) => `${text}\ndo_rootfs:append:qemux86-64() {\n    exit 7\n}\n` },
    argv: ['-k', 'hello-container:do_image_complete', arm],
  },
  'unknown-multiconfig': { argv: [arm, image('nope')] },
  'unknown-multiconfig-keep-going': { argv: ['-k', arm, image('nope')] },
  'mcdepends-unknown-multiconfig': {
    project: {
      [recipe('hello-container')]: (text) =>
        `${text}\ndo_rootfs[mcdepends] = "mc:container-aarch64:sos:other:do_rootfs"\n`,
    },
    argv: [arm, x86],
  },
  'unknown-recipe': { argv: [arm, image('container-x86-64', 'hello-contaner')] },
  'unknown-recipe-nothing-close': { argv: [image('container-x86-64', 'zzz')] },
  'unknown-recipe-keep-going': { argv: ['-k', arm, image('container-x86-64', 'hello-contaner')] },
  'skipped-in-one-multiconfig-keep-going': {
    project: {
      [recipe('hello-container')]: (text) =>
        `${text}\npython() {\n    if d.getVar("MACHINE") == "qemuarm64":\n        raise bb.parse.SkipRecipe("not for arm")\n}\n`,
    },
    argv: ['-k', arm, x86],
  },
  'skipped-recipe': {
    project: {
      [recipe('skipped')]: 'inherit image-oci\npython() {\n    raise bb.parse.SkipRecipe("not for this machine")\n}\n',
    },
    argv: [image('container-aarch64', 'skipped')],
  },
  'missing-dependency': {
    project: { [recipe('needs')]: 'DEPENDS = "no-such-recipe"\ninherit image-oci\n' },
    argv: [image('container-aarch64', 'needs')],
  },
  'missing-dependency-keep-going': {
    project: { [recipe('needs')]: 'DEPENDS = "no-such-recipe"\ninherit image-oci\n' },
    argv: ['-k', image('container-aarch64', 'needs'), x86],
  },
  'missing-runtime-dependency-keep-going': {
    project: {
      [recipe('needs')]:
        'RDEPENDS:needs = "no-such-package"\nPACKAGES = "needs"\ndo_rootfs[rdeptask] = "do_build"\ninherit image-oci\n',
    },
    argv: ['-k', image('container-aarch64', 'needs'), x86],
  },
  'skipped-and-required-keep-going': {
    project: {
      [recipe('skipped')]: 'inherit image-oci\npython() {\n    raise bb.parse.SkipRecipe("not for this machine")\n}\n',
      [recipe('needs')]: 'DEPENDS = "skipped"\ndo_rootfs[deptask] = "do_image_complete"\ninherit image-oci\n',
    },
    argv: ['-k', image('container-aarch64', 'skipped'), image('container-aarch64', 'needs'), x86],
  },
  'multiconfig-dependency-fails-keep-going': {
    first: [[arm, x86]],
    edit: {
      [recipe('hello-container')]: (text) =>
        `${armFails[recipe('hello-container')](text)}
python() {
    if d.getVar("MACHINE") == "qemux86-64":
        d.setVarFlag("do_image_complete", "mcdepends", "mc:container-x86-64:container-aarch64:hello-container:do_image_oci")
}
`,
    },
    argv: ['-k', arm, x86],
  },
  'unknown-task': { argv: ['mc:container-aarch64:hello-container:do_image_complet', x86] },
  'recipe-parse-error': { project: { [recipe('broken')]: 'inherit image-oci\nthis is no assignment\n' }, argv: [arm] },
  'class-missing': { project: { [recipe('broken')]: 'SUMMARY = "broken"\ninherit no-such-class\n' }, argv: [arm] },
  'expansion-error': {
    project: { [recipe('broken')]: 'inherit image-oci\nOCI_IMAGE_ARCH = "${@no_such_name}"\n' },
    argv: [arm],
  },
  'local-conf-parse-error': { project: { [localConf]: (text) => `${text}this is no assignment\n` }, argv: [arm] },
  'multiconfig-file-missing': {
    project: { [localConf]: (text) => text.replace('x86-64"', 'x86-64 container-armv7"') },
    argv: [arm],
  },
  'layer-missing': {
    project: { 'build/conf/bblayers.conf': (text) => text.replace('/meta-hello"', '/meta-hello /no/such/layer"') },
    argv: [arm],
  },
  'no-image-class': {
    project: { [recipe('plain')]: 'SUMMARY = "no image"\n' },
    argv: [image('container-aarch64', 'plain'), x86],
  },
  tainted: { first: [['-f', '-c', 'rootfs', 'mc:container-aarch64:hello-container']], argv: [arm, x86] },
  'locale-missing': { environment: { LOCPATH: '/no/locales' }, argv: [arm] },
  'zstd-missing': { without: ['zstd'], argv: [arm, x86] },
  'python-missing': { without: ['python3'], argv: [arm] },
  'disk-full-task': {
    tmpfs: { 'build/tmp-container-aarch64': '200k' },
    project: { [recipe('big')]: 'inherit image-oci\ndo_rootfs() {\n    head -c 1000000 /dev/zero > big\n}\n' },
    argv: ['-k', image('container-aarch64', 'big'), x86],
  },
  'disk-full-python-task': {
    tmpfs: { 'build/tmp-container-aarch64': '200k' },
    project: { [recipe('big')]: python('open(d.expand("${IMAGE_ROOTFS}/big"), "wb").write(bytes(1000000))') },
    argv: ['-k', image('container-aarch64', 'big'), x86],
  },
  'disk-full-build-directory': { tmpfs: { 'build/cache': '4k' }, argv: [arm, x86] },
  'disk-monitor': {
    project: {
      ...sleeper(4),
      [localConf]: (text) => `${text}BB_DISKMON_DIRS = "HALT,\${TOPDIR},90000G,1K"\n`,
    },
    argv: [image('container-aarch64', 'sleeper'), x86],
  },
  'server-killed': {
    project: sleeper(90),
    argv: [image('container-aarch64', 'sleeper'), x86],
    kills: { who: 'server', signal: 'SIGKILL' },
  },
  'server-terminated': {
    project: sleeper(60),
    argv: [image('container-aarch64', 'sleeper'), x86],
    kills: { who: 'server', signal: 'SIGTERM' },
  },
  'worker-killed': {
    project: sleeper(5),
    argv: [image('container-aarch64', 'sleeper'), x86],
    kills: { who: 'worker', signal: 'SIGKILL' },
  },
  'unknown-option': { argv: ['--no-such-option', arm] },
  'interrupted-once': { project: sleeper(4), argv: [image('container-aarch64', 'sleeper'), x86], interrupts: 1 },
  'interrupted-twice': { project: sleeper(60), argv: [image('container-aarch64', 'sleeper')], interrupts: 2 },
}
