/** Limits of what is remembered of a layer. A report names those that were exceeded, since less was checked then. */

/** What was not checked, by the limit that was exceeded. */
export const layerLimits = {
  places: 'it has more than 750 000 paths: the later ones were not compared with each other and with lower layers',
  'symbolic-links': 'it has more than 32 MiB of symbolic links: the later ones were not followed',
  'lower-places':
    'too many of its entries depend on lower layers: those after 512 KiB of paths were not compared with these',
  depth: 'its paths are too long and too deep: the directories of the later ones were not looked up',
  programs: 'the paths of its programs have more than 4 MiB: the other programs were only counted',
  'all-places':
    'the layers have more than 3 million paths together: what this layer removes or replaces was not considered',
} as const

export type LayerLimit = keyof typeof layerLimits
