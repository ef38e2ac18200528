/** `mab merge`: layouts that other machines built, joined without a config and without BitBake. */
import { promises as fs } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createPlan } from '../../plan/plan.js'
import type { Command } from '../command.js'
import { describeTarget } from '../arguments/merge-target.js'
import { imageMetadata } from '../metadata.js'
import { performPlan } from '../perform.js'
import { reportProblems, runOptions } from '../project.js'

export const merge: Command = {
  name: 'merge',
  summary: 'join layouts or archives that are there into one image',
  usage: '-o DIR LAYOUT[=PLATFORM]… [OPTION…]',
  description: [
    'Joins the images of several OCI layouts or archives, such as one from each CI runner, into one multi-arch image, with',
    'the checks and the bytes of "mab run". No config is needed. Platforms are read from the image configs; =PLATFORM adds',
    'a variant that the config lacks. The order of the operands is that of the image index. An operand may also be written',
    'as for skopeo: oci:DIR[:REFERENCE], oci-archive:FILE[:REFERENCE].',
  ],
  options: [
    'output',
    'tag',
    'name',
    'annotation',
    'media-types',
    'format',
    'archive',
    'link',
    'attestations',
    'allow-absent-layers',
    'metadata-file',
    'jobs',
    'wait',
    'progress',
    'quiet',
  ],
  optionHelp: {
    wait: 'wait at most so long for another mab that writes there (default: until it ends; 0: fail at once); 90s, 30m, 2h',
    'metadata-file': "write the image's digests to FILE, under the names that buildx uses too",
    attestations: "what becomes of the images' attestations: drop (default) or keep",
    'media-types': "media types of the image index: oci (default) or docker's",
  },
  operands: 'any',
  format: { choices: ['nested', 'flat'], help: 'the form of the layout' },
  examples: [
    ['mab merge -o app-oci arm64-oci amd64-oci', 'two layouts'],
    ['mab merge -o app-oci -t 1.4.2 ci/*.tar', 'archives, with a reference'],
    ['mab merge -o app-oci arm-oci=linux/arm/v7 amd64-oci', 'say the variant that umoci cannot write'],
    ['mab merge -o app-oci oci:arm64-oci:1.4 oci:amd64-oci:1.4', 'say which image of each layout'],
  ],

  async run(args, io) {
    const { options } = args
    const described = describeTarget(args, io)
    if (!described.ok) return reportProblems(described.problems, options, io)
    const { target, notices } = described.value
    // Nothing is remembered between merges: every byte is read.
    const stateDirectory = await fs.mkdtemp(path.join(os.tmpdir(), 'mab-merge-'))
    try {
      const settings = runOptions(stateDirectory, options, io)
      if (!settings.ok) return reportProblems(settings.problems, options, io)
      const plan = createPlan([target])
      return await performPlan(plan, settings.value, options, io, {
        describe: (images) => images[0] && imageMetadata(images[0]),
        notices,
      })
    } finally {
      await fs.rm(stateDirectory, { recursive: true, force: true })
    }
  },
}
