/**
 * The one definition of the config: from it come the checks, `schemas/config.schema.json`, the types in `types.ts`
 * and the reference in `docs/config.md`. Descriptions are for users; defaults are the documented ones.
 *
 * Plain text is all that is checked here; what one key means for another is in `rules.ts`.
 */
import * as z from 'zod'

const text = z.string().min(1)
const file = text.describe('A path, relative to the directory of the config file.')

const environment = z.record(z.string(), z.string())

const annotations = z.record(text, z.string())

const buildShape = {
  directory: file
    .optional()
    .describe(
      'The BitBake build directory (TOPDIR): the one with `conf/local.conf`. Default: BUILDDIR of the environment (set by oe-init-build-env), else `build`.',
    ),
  init: z
    .union([file, z.array(text).min(1)])
    .optional()
    .describe(
      'A script that sets up BitBake: `oe-init-build-env` of openembedded-core or poky. It is sourced by bash in the directory of the config file, with the build directory as its argument, or, in a list, with the arguments that follow it. Not needed in a shell where that was done.',
    ),
  kas: z
    .union([file, z.array(file).min(1)])
    .optional()
    .describe(
      'kas configuration files: BitBake is then run by `kas shell`, with `build.directory` as KAS_BUILD_DIR. What `build.environment` declares is part of the command line then; for secrets use `env` of the kas file.',
    ),
  command: z
    .array(text)
    .min(1)
    .optional()
    .describe(
      'What starts BitBake: a program and its first arguments, run in the build directory without a shell; with `kas`, what starts kas (in the directory of the config file). A program path that starts with `./` or `../` is relative to the config file. Default: `bitbake`, or `kas`.',
    ),
  args: z.array(text).default([]).describe('Arguments added to every BitBake call, for example `["-R", "ci.conf"]`.'),
  environment: environment
    .default({})
    .describe(
      'Extra environment variables for BitBake. Variables that look like credentials are withheld from BitBake, which logs its whole environment, unless they are named here.',
    ),
  acceptErrors: z
    .array(
      z
        .string()
        .regex(
          /^.*\S.{8,}\S.*$/,
          'expected at least 10 characters from one line of the error message, so that it accepts no other errors',
        ),
    )
    .default([])
    .describe(
      'Errors of BitBake that do not make a run fail: each entry is a part of the message, as BitBake prints it. They are accepted only where every task succeeded, and listed in every run in which they occur. A task that fails is never accepted.',
    ),
}

const buildSchema = z.strictObject(buildShape).describe('How BitBake is run.')

const sourceSchema = z
  .strictObject({
    kind: z.literal('layout').describe('The layout is already there: another tool or machine made it.'),
    path: file.describe('The OCI image layout (a directory or a tar): a path or a glob that finds exactly one.'),
    reference: text.optional().describe("Which entry of the layout is the image. Default: the target's `reference`."),
  })
  .describe("Where the platform's single-architecture image comes from when BitBake does not build it.")

const platformSchema = z
  .strictObject({
    platform: text
      .optional()
      .describe(
        'The OCI platform: `os/architecture[/variant]`, for example `linux/arm64` or `linux/arm/v7`. Default: what the key says, if it is an architecture, else what BitBake says of the multiconfig (TARGET_ARCH and its tune).',
      ),
    multiconfig: z
      .string()
      .regex(/^([A-Za-z_][A-Za-z0-9_-]*)?$/, 'expected a name as BBMULTICONFIG has them (not starting with a digit)')
      .optional()
      .describe('The BitBake multiconfig (a name in BBMULTICONFIG). The empty string is the default configuration.'),
    build: text
      .optional()
      .describe('The build directory that builds the platform: a name in `builds`. Default: that of `build`.'),
    machine: text
      .optional()
      .describe(
        "The multiconfig's MACHINE: the name of its folder in `deploy/images`. Needed only where BitBake cannot be asked.",
      ),
    deployDirectory: file
      .optional()
      .describe(
        'DEPLOY_DIR_IMAGE of the multiconfig. Default: what BitBake says. Without BitBake (`--no-build`): `tmp-<multiconfig>/deploy/images/<machine>` and its like.',
      ),
    layout: file
      .optional()
      .describe("The layout that BitBake deploys: a path or a glob. `${recipe}` stands for the recipe's name."),
    source: sourceSchema.optional(),
    osVersion: text
      .optional()
      .describe('`os.version` of the platform in the image index. Default: what the image config says.'),
    osFeatures: z
      .array(text)
      .optional()
      .describe('`os.features` of the platform in the image index. Default: what the image config says.'),
    annotations: annotations.default({}).describe("Annotations of the platform's entry in the image index."),
  })
  .describe('One platform and how its image comes to be.')

const outputSchema = z
  .strictObject({
    directory: file
      .optional()
      .describe('The OCI image layout that is written. Default: `deploy/<target>-multiarch-oci`.'),
    format: z
      .enum(['nested', 'flat'])
      .default('nested')
      .describe(
        '`nested`: index.json points to one image index, as skopeo, podman, buildah and containerd want it. `flat`: index.json is the image index itself, for older vdkr and a few others; skopeo refuses it.',
      ),
    reference: text
      .optional()
      .describe(
        'org.opencontainers.image.ref.name of the image: what follows the colon in `skopeo copy oci:DIR:REFERENCE`. Default: `latest`.',
      ),
    references: z
      .array(text)
      .default([])
      .describe(
        'More references of the same image: one more entry in index.json each. skopeo then needs `:REFERENCE`, and `podman load` does not take the archive any more.',
      ),
    name: text
      .optional()
      .describe(
        'io.containerd.image.name: what `podman load` and `ctr images import` call the image. Default: `localhost/<target>:<reference>`.',
      ),
    annotations: annotations.default({}).describe('Annotations of the image index.'),
    mediaTypes: z
      .enum(['oci', 'docker'])
      .default('oci')
      .describe(
        "What the image index is: an OCI image index, or a Docker manifest list, which needs images of Docker's media types. The images keep the media types that they have.",
      ),
    attestations: z
      .enum(['drop', 'keep'])
      .default('drop')
      .describe(
        "What becomes of a source's attestations (SBOM, provenance; platform `unknown/unknown`): `keep` lists them behind the images. Some readers take them for one more platform.",
      ),
    archive: file
      .optional()
      .describe('Also write the image as an `oci-archive` tar to this file. Same image, same bytes, on every machine.'),
    link: z
      .enum(['auto', 'reflink', 'hardlink', 'copy'])
      .default('auto')
      .describe(
        'How blobs get into the output: `auto` takes a reflink, else a hard link, else a copy. The others are tried alone, with a copy where the file system cannot do it.',
      ),
  })
  .describe('What is written.')

const targetSchema = z
  .strictObject({
    recipe: z
      .string()
      .regex(/^(?!virtual\/)/, {
        error:
          "expected the recipe's own name (PN): which recipe provides a virtual/ name is a choice of each multiconfig, and BitBake names images, tasks and errors by PN; `bitbake -e mc:MULTICONFIG:virtual/NAME | grep ^PN=` prints it",
        abort: true,
      })
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/, 'expected the name of a BitBake recipe')
      .optional()
      .describe("The BitBake recipe of the image. Default: the target's name."),
    task: text
      .regex(/^(?!do_$)[a-z0-9_]+$/, 'expected the name of a BitBake task, for example image_complete')
      .default('image_complete')
      .describe('The BitBake task that deploys the layout. (`image_oci` makes it but does not deploy it.)'),
    platforms: z
      .array(text)
      .min(1)
      .optional()
      .describe(
        'Keys of `platforms`, in the order of the image index. Default: every platform that the config declares, or aarch64 and x86_64.',
      ),
    reference: text
      .optional()
      .describe(
        'Which entry of a source layout is the image (OCI_IMAGE_TAG). Default: `latest`, or the only one there is.',
      ),
    sources: z
      .array(text)
      .min(1)
      .optional()
      .describe(
        'Globs of the files that the image is made from, relative to the config file or absolute; they may be outside of the project (`../meta-acme/**`); `!` excludes. While none of the files changes, is added or removed, BitBake is not asked. What is in a `.mab`, `.git` or `__pycache__` never counts. Without `sources` BitBake is asked at every run.',
      ),
    allowAbsentLayers: z
      .enum(['none', 'foreign', 'any'])
      .default('none')
      .describe(
        'Layers whose blobs a source layout may lack, and the output then lacks too: `foreign` are those that readers fetch from `urls` (foreign or non-distributable media types).',
      ),
    output: outputSchema.prefault({}),
    verify: z
      .strictObject({
        allowForeign: z
          .array(text)
          .default([])
          .describe(
            'Globs of paths in the image, from its root, of programs and libraries for other platforms that belong there: `["usr/local/go/**"]`. `mab verify --deep TARGET` does not report them, and says how many there are.',
          ),
      })
      .prefault({})
      .describe("How `mab verify` checks the target's image. A run does not read layers through, and ignores it."),
    manual: z.boolean().default(false).describe('Build the target only when it is named.'),
  })
  .describe('One multi-arch image.')

export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('The JSON Schema of this file, for editors.'),
  build: buildSchema.prefault({}),
  builds: z
    .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/), z.strictObject(buildShape))
    .default({})
    .describe(
      'More build directories, by a name of your choice; platforms name theirs in `build`. They have the keys of `build`; `directory` is `build-<name>` by default. BitBake runs in all of them at the same time.',
    ),
  platforms: z
    .record(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/), platformSchema)
    .default({})
    .describe(
      'Platforms by a name of your choice, usually the Yocto architecture. `aarch64` and `x86_64` are built in; keys given here override theirs.',
    ),
  targets: z
    .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/), targetSchema)
    .refine((targets) => Object.keys(targets).length > 0, 'expected at least one target')
    .describe('The multi-arch images, by name.'),
})
