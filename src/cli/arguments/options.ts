/** The one table of options: the parser and the help are made from it. */

export interface OptionSpec {
  readonly short?: string
  /** The placeholder of its value; absent for a switch. */
  readonly value?: string
  /** The value is a duration: `parseDuration`. */
  readonly duration?: true
  /** The value is what is written. `-` is refused: elsewhere it stands for stdout, which is for results here. */
  readonly file?: true
  /** May be given several times; with `commas` also as a comma list. */
  readonly list?: 'commas' | 'repeated'
  readonly choices?: readonly string[]
  readonly help: string
}

export const optionSpecs = {
  config: { short: 'c', value: 'FILE', help: 'use this config instead of searching for multiarch.config.*' },
  platform: {
    short: 'p',
    value: 'PLATFORM',
    list: 'commas',
    help: 'only these platforms: names of the config or os/arch[/variant]',
  },
  'dry-run': { short: 'n', help: 'print what would be done and why, and do nothing' },
  'keep-going': { short: 'k', help: 'after a failure go on with what does not depend on it' },
  jobs: { short: 'j', value: 'N', help: 'at most N tasks at a time (default: the number of processors)' },
  yes: { short: 'y', help: 'do not ask' },
  stale: { help: 'remove what targets left behind that are no longer in the config, or are written elsewhere now' },
  force: { help: 'do everything again, and trust no record of earlier runs' },
  'no-build': { help: 'do not call BitBake: use what is deployed' },
  wait: {
    value: 'TIME',
    duration: true,
    help: 'wait at most so long for another mab or BitBake that works here (default: until it ends; 0: fail at once); 90s, 30m, 2h',
  },
  timeout: { value: 'TIME', duration: true, help: 'stop the run when it has taken so long, and fail; 90s, 30m, 2h' },
  explain: { help: 'say why each task is not fresh' },
  deep: {
    help: 'also read layers through: diff IDs, entries that container engines refuse, programs and libraries of another platform',
  },
  strict: {
    help: 'also report blobs that no image needs, files that do not belong to a layout, and with --deep what some container engines refuse',
  },
  format: { value: 'FORMAT', help: '' },
  output: { short: 'o', value: 'DIR', file: true, help: 'the layout to write' },
  tag: {
    short: 't',
    value: 'REFERENCE',
    list: 'commas',
    help: 'org.opencontainers.image.ref.name of the image (default: latest); each further one is one more entry',
  },
  name: { value: 'NAME', help: 'io.containerd.image.name of the image (default: localhost/DIR:REFERENCE)' },
  archive: { value: 'FILE', file: true, help: 'also write the image as an oci-archive' },
  annotation: {
    value: '[PREFIX:]KEY=VALUE',
    list: 'repeated',
    help: 'annotate the image index (index:, the default) or its entries (manifest-descriptor: or manifest-descriptor[PLATFORM]:)',
  },
  'media-types': { value: 'WHOSE', choices: ['oci', 'docker'], help: "of the image index: oci (default) or docker's" },
  link: {
    value: 'HOW',
    choices: ['auto', 'reflink', 'hardlink', 'copy'],
    help: 'how blobs get into the output: auto (default), reflink, hardlink or copy',
  },
  attestations: { value: 'HOW', choices: ['drop', 'keep'], help: 'of the images: drop (default) or keep' },
  'allow-absent-layers': {
    value: 'WHICH',
    choices: ['none', 'foreign', 'any'],
    help: 'layers whose blobs may be missing: none (default), foreign (those that readers fetch from urls) or any',
  },
  'allow-foreign': {
    value: 'GLOB',
    list: 'repeated',
    help: 'with --deep: paths in images, such as usr/local/go/**, of programs for other platforms that belong there',
  },
  'metadata-file': {
    value: 'FILE',
    file: true,
    help: "write the images' digests to FILE, under the names that buildx uses too",
  },
  progress: {
    value: 'HOW',
    choices: ['auto', 'tty', 'plain', 'json', 'quiet'],
    help: 'auto (a list on a terminal, lines elsewhere), tty, plain, json (events, one a line, on stdout) or quiet',
  },
  quiet: { short: 'q', help: 'only failures and the result' },
  verbose: { short: 'v', help: 'pass on what BitBake prints, and name what is fresh' },
  color: {
    value: 'WHEN',
    choices: ['auto', 'always', 'never'],
    help: 'auto (default; NO_COLOR is honoured), always or never',
  },
  help: { short: 'h', help: 'show this help' },
  version: { short: 'V', help: 'show the version' },
} as const satisfies Readonly<Record<string, OptionSpec>>

export type OptionName = keyof typeof optionSpecs

/** What each option was given: text, all the texts of a list, or that it is there. */
export type OptionValues = Readonly<Partial<Record<OptionName, string | readonly string[] | true>>>
