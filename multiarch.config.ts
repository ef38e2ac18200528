/** The repository's own targets: what `mab run` builds on a fresh machine. */
import { defineConfig } from 'multiarch-build'
import { bitbakeOrStandIn } from './examples/hello-container/bitbake.js'

export default defineConfig(({ env }) => ({
  build: {
    directory: 'examples/hello-container/build',
    command: bitbakeOrStandIn(env),
  },
  targets: {
    hello: {
      recipe: 'hello-container',
      platforms: ['aarch64', 'x86_64'],
      sources: ['examples/hello-container/meta-hello/**', 'examples/hello-container/build/conf/*.conf'],
      output: { archive: 'deploy/hello-multiarch-oci.tar' },
    },
  },
}))
