/** Artifacts in the shapes that their tools write, and images that look like artifacts at first sight. */
import type { Document, Edit, ImageDescription } from './layout-builder.js'

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

/** All layers have the media type. */
const layersOf =
  (mediaType: string, edit: Edit = () => {}): Edit =>
  (manifest) => {
    for (const layer of manifest['layers'] as Document[]) layer['mediaType'] = mediaType
    edit(manifest)
  }

const configOf =
  (mediaType: string, more: Document = {}): Edit =>
  (manifest) => {
    manifest['config'].mediaType = mediaType
    Object.assign(manifest, more)
  }

const emptied: Edit = (config) => {
  for (const key of Object.keys(config)) delete config[key]
}

const withoutRootfs: Edit = (config) => void delete config['rootfs']

/** An image config that states no platform, as go-containerregistry writes one for what is no image. */
const ofNothing: ImageDescription = { os: '', architecture: '' }

const unknown: ImageDescription = { os: 'unknown', architecture: 'unknown' }

interface Artifact {
  readonly image: ImageDescription
  /** What it is called. */
  readonly type: string
}

export const artifacts: Readonly<Record<string, Artifact>> = {
  'a signature of cosign': {
    image: {
      ...ofNothing,
      layers: [json({ critical: { type: 'cosign container image signature' } })],
      editManifest: layersOf('application/vnd.dev.cosign.simplesigning.v1+json'),
    },
    type: 'application/vnd.dev.cosign.simplesigning.v1+json',
  },
  'an attestation of cosign': {
    image: {
      ...ofNothing,
      layers: [json({ payloadType: 'application/vnd.in-toto+json' }), json({ payloadType: 'another' })],
      editManifest: layersOf('application/vnd.dsse.envelope.v1+json'),
    },
    type: 'application/vnd.dsse.envelope.v1+json',
  },
  'an SBOM of cosign': {
    image: { ...ofNothing, layers: [Buffer.from('SPDXVersion: SPDX-2.3')], editManifest: layersOf('text/spdx') },
    type: 'text/spdx',
  },
  'a bundle of sigstore': {
    image: {
      layers: [json({})],
      editConfig: emptied,
      editManifest: layersOf(
        'application/vnd.dev.sigstore.bundle.v0.3+json',
        configOf('application/vnd.oci.empty.v1+json', {
          artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        }),
      ),
    },
    type: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  },
  'an attestation of BuildKit': {
    image: { ...unknown, platform: true, layers: [json({})], editManifest: layersOf('application/vnd.in-toto+json') },
    type: 'application/vnd.in-toto+json',
  },
  'an attestation of BuildKit as an OCI artifact': {
    image: {
      ...unknown,
      platform: true,
      layers: [json({})],
      editConfig: emptied,
      editManifest: layersOf(
        'application/vnd.in-toto+json',
        configOf('application/vnd.oci.empty.v1+json', {
          artifactType: 'application/vnd.docker.attestation.manifest.v1+json',
        }),
      ),
    },
    type: 'application/vnd.docker.attestation.manifest.v1+json',
  },
  'an attestation of BuildKit without a platform in its entry': {
    image: { ...unknown, layers: [json({})], editManifest: layersOf('application/vnd.in-toto+json') },
    type: 'application/vnd.in-toto+json',
  },
  'a chart of Helm': {
    image: {
      layers: [Buffer.from('chart')],
      editConfig: (config) => {
        emptied(config)
        Object.assign(config, { name: 'chart', version: '1.0.0', apiVersion: 'v2' })
      },
      editManifest: layersOf(
        'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
        configOf('application/vnd.cncf.helm.config.v1+json'),
      ),
    },
    type: 'application/vnd.cncf.helm.config.v1+json',
  },
  'a module of WebAssembly': {
    image: {
      os: 'wasip1',
      architecture: 'wasm',
      layers: [Buffer.from('\0asm')],
      editManifest: layersOf('application/wasm', configOf('application/vnd.wasm.config.v0+json')),
    },
    type: 'application/vnd.wasm.config.v0+json',
  },
  'files of ORAS': {
    image: {
      layers: ['a file'],
      editConfig: emptied,
      editManifest: configOf('application/vnd.oci.empty.v1+json', {
        artifactType: 'application/vnd.unknown.artifact.v1',
      }),
    },
    type: 'application/vnd.unknown.artifact.v1',
  },
  'files of ORAS for a platform': {
    image: {
      platform: true,
      layers: ['a file'],
      editConfig: withoutRootfs,
      editManifest: (manifest) => (manifest['artifactType'] = 'application/vnd.unknown.artifact.v1'),
    },
    type: 'application/vnd.unknown.artifact.v1',
  },
  'files of ORAS 0.12, whose config is {}': {
    image: { layers: [Buffer.from('hi')], editConfig: emptied },
    type: 'application/vnd.oci.image.layer.v1.tar',
  },
  'a config without a platform, and no layer': {
    image: { ...ofNothing, layers: [] },
    type: 'application/vnd.oci.image.config.v1+json',
  },
}

/** What an engine unpacks, or would with a plug-in, is an image whatever its layers are called. */
export const oddImages: Readonly<Record<string, ImageDescription>> = {
  'an encrypted layer': { editManifest: layersOf('application/vnd.oci.image.layer.v1.tar+gzip+encrypted') },
  'a zstd layer': { editManifest: layersOf('application/vnd.oci.image.layer.v1.tar+zstd') },
  'a nondistributable layer': {
    editManifest: layersOf('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'),
  },
  'a blob of nydus': { editManifest: layersOf('application/vnd.oci.image.layer.nydus.blob.v1') },
  "Docker's layer": { docker: true },
  'a squashfs layer of stacker': { editManifest: layersOf('application/vnd.stacker.image.layer.squashfs+zstd+verity') },
  'a layer of an unknown type': { editManifest: layersOf('application/x-own') },
  'a layer of an unknown type and one of a known': {
    layers: ['one', 'two'],
    editManifest: (manifest) => (manifest['layers'][0].mediaType = 'application/x-own'),
  },
  'an artifact type': { editManifest: (manifest) => (manifest['artifactType'] = 'application/x-own') },
}
