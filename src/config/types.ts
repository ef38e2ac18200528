/* Generated from schema.ts by `npm run generate`: do not edit. */

export interface UserConfig {
  /**
   * The JSON Schema of this file, for editors.
   */
  $schema?: string
  /**
   * How BitBake is run.
   */
  build?: {
    /**
     * The BitBake build directory (TOPDIR): the one with `conf/local.conf`. Default: BUILDDIR of the environment (set by oe-init-build-env), else `build`.
     */
    directory?: string
    /**
     * A script that sets up BitBake: `oe-init-build-env` of openembedded-core or poky. It is sourced by bash in the directory of the config file, with the build directory as its argument, or, in a list, with the arguments that follow it. Not needed in a shell where that was done.
     */
    init?: string | readonly string[]
    /**
     * kas configuration files: BitBake is then run by `kas shell`, with `build.directory` as KAS_BUILD_DIR. What `build.environment` declares is part of the command line then; for secrets use `env` of the kas file.
     */
    kas?: string | readonly string[]
    /**
     * What starts BitBake: a program and its first arguments, run in the build directory without a shell; with `kas`, what starts kas (in the directory of the config file). A program path that starts with `./` or `../` is relative to the config file. Default: `bitbake`, or `kas`.
     *
     * @minItems 1
     */
    command?: readonly string[]
    /**
     * Arguments added to every BitBake call, for example `["-R", "ci.conf"]`.
     */
    args?: readonly string[]
    /**
     * Extra environment variables for BitBake. Variables that look like credentials are withheld from BitBake, which logs its whole environment, unless they are named here.
     */
    environment?: {
      [k: string]: string
    }
    /**
     * Errors of BitBake that do not make a run fail: each entry is a part of the message, as BitBake prints it. They are accepted only where every task succeeded, and listed in every run in which they occur. A task that fails is never accepted.
     */
    acceptErrors?: readonly string[]
  }
  /**
   * More build directories, by a name of your choice; platforms name theirs in `build`. They have the keys of `build`; `directory` is `build-<name>` by default. BitBake runs in all of them at the same time.
   */
  builds?: {
    [k: string]: {
      /**
       * The BitBake build directory (TOPDIR): the one with `conf/local.conf`. Default: BUILDDIR of the environment (set by oe-init-build-env), else `build`.
       */
      directory?: string
      /**
       * A script that sets up BitBake: `oe-init-build-env` of openembedded-core or poky. It is sourced by bash in the directory of the config file, with the build directory as its argument, or, in a list, with the arguments that follow it. Not needed in a shell where that was done.
       */
      init?: string | readonly string[]
      /**
       * kas configuration files: BitBake is then run by `kas shell`, with `build.directory` as KAS_BUILD_DIR. What `build.environment` declares is part of the command line then; for secrets use `env` of the kas file.
       */
      kas?: string | readonly string[]
      /**
       * What starts BitBake: a program and its first arguments, run in the build directory without a shell; with `kas`, what starts kas (in the directory of the config file). A program path that starts with `./` or `../` is relative to the config file. Default: `bitbake`, or `kas`.
       *
       * @minItems 1
       */
      command?: readonly string[]
      /**
       * Arguments added to every BitBake call, for example `["-R", "ci.conf"]`.
       */
      args?: readonly string[]
      /**
       * Extra environment variables for BitBake. Variables that look like credentials are withheld from BitBake, which logs its whole environment, unless they are named here.
       */
      environment?: {
        [k: string]: string
      }
      /**
       * Errors of BitBake that do not make a run fail: each entry is a part of the message, as BitBake prints it. They are accepted only where every task succeeded, and listed in every run in which they occur. A task that fails is never accepted.
       */
      acceptErrors?: readonly string[]
    }
  }
  /**
   * Platforms by a name of your choice, usually the Yocto architecture. `aarch64` and `x86_64` are built in; keys given here override theirs.
   */
  platforms?: {
    /**
     * One platform and how its image comes to be.
     */
    [k: string]: {
      /**
       * The OCI platform: `os/architecture[/variant]`, for example `linux/arm64` or `linux/arm/v7`. Default: what the key says, if it is an architecture, else what BitBake says of the multiconfig (TARGET_ARCH and its tune).
       */
      platform?: string
      /**
       * The BitBake multiconfig (a name in BBMULTICONFIG). The empty string is the default configuration.
       */
      multiconfig?: string
      /**
       * The build directory that builds the platform: a name in `builds`. Default: that of `build`.
       */
      build?: string
      /**
       * The multiconfig's MACHINE: the name of its folder in `deploy/images`. Needed only where BitBake cannot be asked.
       */
      machine?: string
      /**
       * DEPLOY_DIR_IMAGE of the multiconfig. Default: what BitBake says. Without BitBake (`--no-build`): `tmp-<multiconfig>/deploy/images/<machine>` and its like.
       */
      deployDirectory?: string
      /**
       * The layout that BitBake deploys: a path or a glob. `${recipe}` stands for the recipe's name.
       */
      layout?: string
      /**
       * Where the platform's single-architecture image comes from when BitBake does not build it.
       */
      source?: {
        /**
         * The layout is already there: another tool or machine made it.
         */
        kind: 'layout'
        /**
         * The OCI image layout (a directory or a tar): a path or a glob that finds exactly one.
         */
        path: string
        /**
         * Which entry of the layout is the image. Default: the target's `reference`.
         */
        reference?: string
      }
      /**
       * `os.version` of the platform in the image index. Default: what the image config says.
       */
      osVersion?: string
      /**
       * `os.features` of the platform in the image index. Default: what the image config says.
       */
      osFeatures?: readonly string[]
      /**
       * Annotations of the platform's entry in the image index.
       */
      annotations?: {
        [k: string]: string
      }
    }
  }
  /**
   * The multi-arch images, by name.
   */
  targets: {
    /**
     * One multi-arch image.
     */
    [k: string]: {
      /**
       * The BitBake recipe of the image. Default: the target's name.
       */
      recipe?: string
      /**
       * The BitBake task that deploys the layout. (`image_oci` makes it but does not deploy it.)
       */
      task?: string
      /**
       * Keys of `platforms`, in the order of the image index. Default: every platform that the config declares, or aarch64 and x86_64.
       *
       * @minItems 1
       */
      platforms?: readonly string[]
      /**
       * Which entry of a source layout is the image (OCI_IMAGE_TAG). Default: `latest`, or the only one there is.
       */
      reference?: string
      /**
       * Globs of the files that the image is made from, relative to the config file or absolute; they may be outside of the project (`../meta-acme/**`); `!` excludes. While none of the files changes, is added or removed, BitBake is not asked. What is in a `.mab`, `.git` or `__pycache__` never counts. Without `sources` BitBake is asked at every run.
       *
       * @minItems 1
       */
      sources?: readonly string[]
      /**
       * Layers whose blobs a source layout may lack, and the output then lacks too: `foreign` are those that readers fetch from `urls` (foreign or non-distributable media types).
       */
      allowAbsentLayers?: 'none' | 'foreign' | 'any'
      /**
       * What is written.
       */
      output?: {
        /**
         * The OCI image layout that is written. Default: `deploy/<target>-multiarch-oci`.
         */
        directory?: string
        /**
         * `nested`: index.json points to one image index, as skopeo, podman, buildah and containerd want it. `flat`: index.json is the image index itself, for older vdkr and a few others; skopeo refuses it.
         */
        format?: 'nested' | 'flat'
        /**
         * org.opencontainers.image.ref.name of the image: what follows the colon in `skopeo copy oci:DIR:REFERENCE`. Default: `latest`.
         */
        reference?: string
        /**
         * More references of the same image: one more entry in index.json each. skopeo then needs `:REFERENCE`, and `podman load` does not take the archive any more.
         */
        references?: readonly string[]
        /**
         * io.containerd.image.name: what `podman load` and `ctr images import` call the image. Default: `localhost/<target>:<reference>`.
         */
        name?: string
        /**
         * Annotations of the image index.
         */
        annotations?: {
          [k: string]: string
        }
        /**
         * What the image index is: an OCI image index, or a Docker manifest list, which needs images of Docker's media types. The images keep the media types that they have.
         */
        mediaTypes?: 'oci' | 'docker'
        /**
         * What becomes of a source's attestations (SBOM, provenance; platform `unknown/unknown`): `keep` lists them behind the images. Some readers take them for one more platform.
         */
        attestations?: 'drop' | 'keep'
        /**
         * Also write the image as an `oci-archive` tar to this file. Same image, same bytes, on every machine.
         */
        archive?: string
        /**
         * How blobs get into the output: `auto` takes a reflink, else a hard link, else a copy. The others are tried alone, with a copy where the file system cannot do it.
         */
        link?: 'auto' | 'reflink' | 'hardlink' | 'copy'
      }
      /**
       * How `mab verify` checks the target's image. A run does not read layers through, and ignores it.
       */
      verify?: {
        /**
         * Globs of paths in the image, from its root, of programs and libraries for other platforms that belong there: `["usr/local/go/**"]`. `mab verify --deep TARGET` does not report them, and says how many there are.
         */
        allowForeign?: readonly string[]
      }
      /**
       * Build the target only when it is named.
       */
      manual?: boolean
    }
  }
}

export interface Config {
  /**
   * The JSON Schema of this file, for editors.
   */
  $schema?: string
  /**
   * How BitBake is run.
   */
  build: {
    /**
     * The BitBake build directory (TOPDIR): the one with `conf/local.conf`. Default: BUILDDIR of the environment (set by oe-init-build-env), else `build`.
     */
    directory?: string
    /**
     * A script that sets up BitBake: `oe-init-build-env` of openembedded-core or poky. It is sourced by bash in the directory of the config file, with the build directory as its argument, or, in a list, with the arguments that follow it. Not needed in a shell where that was done.
     */
    init?: string | readonly string[]
    /**
     * kas configuration files: BitBake is then run by `kas shell`, with `build.directory` as KAS_BUILD_DIR. What `build.environment` declares is part of the command line then; for secrets use `env` of the kas file.
     */
    kas?: string | readonly string[]
    /**
     * What starts BitBake: a program and its first arguments, run in the build directory without a shell; with `kas`, what starts kas (in the directory of the config file). A program path that starts with `./` or `../` is relative to the config file. Default: `bitbake`, or `kas`.
     *
     * @minItems 1
     */
    command?: readonly string[]
    /**
     * Arguments added to every BitBake call, for example `["-R", "ci.conf"]`.
     */
    args: readonly string[]
    /**
     * Extra environment variables for BitBake. Variables that look like credentials are withheld from BitBake, which logs its whole environment, unless they are named here.
     */
    environment: {
      [k: string]: string
    }
    /**
     * Errors of BitBake that do not make a run fail: each entry is a part of the message, as BitBake prints it. They are accepted only where every task succeeded, and listed in every run in which they occur. A task that fails is never accepted.
     */
    acceptErrors: readonly string[]
  }
  /**
   * More build directories, by a name of your choice; platforms name theirs in `build`. They have the keys of `build`; `directory` is `build-<name>` by default. BitBake runs in all of them at the same time.
   */
  builds: {
    [k: string]: {
      /**
       * The BitBake build directory (TOPDIR): the one with `conf/local.conf`. Default: BUILDDIR of the environment (set by oe-init-build-env), else `build`.
       */
      directory?: string
      /**
       * A script that sets up BitBake: `oe-init-build-env` of openembedded-core or poky. It is sourced by bash in the directory of the config file, with the build directory as its argument, or, in a list, with the arguments that follow it. Not needed in a shell where that was done.
       */
      init?: string | readonly string[]
      /**
       * kas configuration files: BitBake is then run by `kas shell`, with `build.directory` as KAS_BUILD_DIR. What `build.environment` declares is part of the command line then; for secrets use `env` of the kas file.
       */
      kas?: string | readonly string[]
      /**
       * What starts BitBake: a program and its first arguments, run in the build directory without a shell; with `kas`, what starts kas (in the directory of the config file). A program path that starts with `./` or `../` is relative to the config file. Default: `bitbake`, or `kas`.
       *
       * @minItems 1
       */
      command?: readonly string[]
      /**
       * Arguments added to every BitBake call, for example `["-R", "ci.conf"]`.
       */
      args: readonly string[]
      /**
       * Extra environment variables for BitBake. Variables that look like credentials are withheld from BitBake, which logs its whole environment, unless they are named here.
       */
      environment: {
        [k: string]: string
      }
      /**
       * Errors of BitBake that do not make a run fail: each entry is a part of the message, as BitBake prints it. They are accepted only where every task succeeded, and listed in every run in which they occur. A task that fails is never accepted.
       */
      acceptErrors: readonly string[]
    }
  }
  /**
   * Platforms by a name of your choice, usually the Yocto architecture. `aarch64` and `x86_64` are built in; keys given here override theirs.
   */
  platforms: {
    /**
     * One platform and how its image comes to be.
     */
    [k: string]: {
      /**
       * The OCI platform: `os/architecture[/variant]`, for example `linux/arm64` or `linux/arm/v7`. Default: what the key says, if it is an architecture, else what BitBake says of the multiconfig (TARGET_ARCH and its tune).
       */
      platform?: string
      /**
       * The BitBake multiconfig (a name in BBMULTICONFIG). The empty string is the default configuration.
       */
      multiconfig?: string
      /**
       * The build directory that builds the platform: a name in `builds`. Default: that of `build`.
       */
      build?: string
      /**
       * The multiconfig's MACHINE: the name of its folder in `deploy/images`. Needed only where BitBake cannot be asked.
       */
      machine?: string
      /**
       * DEPLOY_DIR_IMAGE of the multiconfig. Default: what BitBake says. Without BitBake (`--no-build`): `tmp-<multiconfig>/deploy/images/<machine>` and its like.
       */
      deployDirectory?: string
      /**
       * The layout that BitBake deploys: a path or a glob. `${recipe}` stands for the recipe's name.
       */
      layout?: string
      /**
       * Where the platform's single-architecture image comes from when BitBake does not build it.
       */
      source?: {
        /**
         * The layout is already there: another tool or machine made it.
         */
        kind: 'layout'
        /**
         * The OCI image layout (a directory or a tar): a path or a glob that finds exactly one.
         */
        path: string
        /**
         * Which entry of the layout is the image. Default: the target's `reference`.
         */
        reference?: string
      }
      /**
       * `os.version` of the platform in the image index. Default: what the image config says.
       */
      osVersion?: string
      /**
       * `os.features` of the platform in the image index. Default: what the image config says.
       */
      osFeatures?: readonly string[]
      /**
       * Annotations of the platform's entry in the image index.
       */
      annotations: {
        [k: string]: string
      }
    }
  }
  /**
   * The multi-arch images, by name.
   */
  targets: {
    /**
     * One multi-arch image.
     */
    [k: string]: {
      /**
       * The BitBake recipe of the image. Default: the target's name.
       */
      recipe?: string
      /**
       * The BitBake task that deploys the layout. (`image_oci` makes it but does not deploy it.)
       */
      task: string
      /**
       * Keys of `platforms`, in the order of the image index. Default: every platform that the config declares, or aarch64 and x86_64.
       *
       * @minItems 1
       */
      platforms?: readonly string[]
      /**
       * Which entry of a source layout is the image (OCI_IMAGE_TAG). Default: `latest`, or the only one there is.
       */
      reference?: string
      /**
       * Globs of the files that the image is made from, relative to the config file or absolute; they may be outside of the project (`../meta-acme/**`); `!` excludes. While none of the files changes, is added or removed, BitBake is not asked. What is in a `.mab`, `.git` or `__pycache__` never counts. Without `sources` BitBake is asked at every run.
       *
       * @minItems 1
       */
      sources?: readonly string[]
      /**
       * Layers whose blobs a source layout may lack, and the output then lacks too: `foreign` are those that readers fetch from `urls` (foreign or non-distributable media types).
       */
      allowAbsentLayers: 'none' | 'foreign' | 'any'
      /**
       * What is written.
       */
      output: {
        /**
         * The OCI image layout that is written. Default: `deploy/<target>-multiarch-oci`.
         */
        directory?: string
        /**
         * `nested`: index.json points to one image index, as skopeo, podman, buildah and containerd want it. `flat`: index.json is the image index itself, for older vdkr and a few others; skopeo refuses it.
         */
        format: 'nested' | 'flat'
        /**
         * org.opencontainers.image.ref.name of the image: what follows the colon in `skopeo copy oci:DIR:REFERENCE`. Default: `latest`.
         */
        reference?: string
        /**
         * More references of the same image: one more entry in index.json each. skopeo then needs `:REFERENCE`, and `podman load` does not take the archive any more.
         */
        references: readonly string[]
        /**
         * io.containerd.image.name: what `podman load` and `ctr images import` call the image. Default: `localhost/<target>:<reference>`.
         */
        name?: string
        /**
         * Annotations of the image index.
         */
        annotations: {
          [k: string]: string
        }
        /**
         * What the image index is: an OCI image index, or a Docker manifest list, which needs images of Docker's media types. The images keep the media types that they have.
         */
        mediaTypes: 'oci' | 'docker'
        /**
         * What becomes of a source's attestations (SBOM, provenance; platform `unknown/unknown`): `keep` lists them behind the images. Some readers take them for one more platform.
         */
        attestations: 'drop' | 'keep'
        /**
         * Also write the image as an `oci-archive` tar to this file. Same image, same bytes, on every machine.
         */
        archive?: string
        /**
         * How blobs get into the output: `auto` takes a reflink, else a hard link, else a copy. The others are tried alone, with a copy where the file system cannot do it.
         */
        link: 'auto' | 'reflink' | 'hardlink' | 'copy'
      }
      /**
       * How `mab verify` checks the target's image. A run does not read layers through, and ignores it.
       */
      verify: {
        /**
         * Globs of paths in the image, from its root, of programs and libraries for other platforms that belong there: `["usr/local/go/**"]`. `mab verify --deep TARGET` does not report them, and says how many there are.
         */
        allowForeign: readonly string[]
      }
      /**
       * Build the target only when it is named.
       */
      manual: boolean
    }
  }
}
