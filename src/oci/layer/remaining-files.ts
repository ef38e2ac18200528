/** Which files of a layer are still in the image after the later layers. */
import { ancestorsOf, hides, lookUp, says } from './layer-names.js'
import type { PlacedLayer } from './judge-layer.js'
import { placeOf } from './entry-paths.js'

type Layers = readonly (PlacedLayer | undefined)[]

interface Name {
  readonly place: string
  /** Of the layer that has it. */
  readonly index: number
}

/** Follows the names of files through the layers of an image. */
export class RemainingFiles {
  readonly #layers: Layers
  /** Of each layer: the names of its hard links to files of lower layers, by the linked place. */
  readonly #hardLinks: readonly ReadonlyMap<string, readonly string[]>[]
  /** Of the layer and directory that was asked for last, the outermost link of a lower layer. */
  #last: { readonly index: number; readonly directory: string; readonly link: number | undefined } | undefined

  constructor(layers: Layers) {
    this.#layers = layers
    this.#hardLinks = layers.map((layer) => outerHardLinks(layer))
  }

  /** @returns the names of the file that are left in the image, as they are in the layers. */
  namesOf(file: string, index: number): string[] {
    const others = this.#layers[index]?.facts.hardLinks.get(file) ?? []
    const names: Name[] = [file, ...others].map((place) => ({ place, index }))
    const known = new Set<string>()
    // The list grows while it is walked.
    for (const { place, index: from } of names) {
      for (let later = from + 1; later < this.#layers.length; later++) {
        for (const linked of this.#hardLinks[later]!.get(place) ?? []) {
          const key = `${later} ${linked}`
          if (!known.has(key)) names.push({ place: linked, index: later })
          known.add(key)
        }
      }
    }
    return names.filter((name) => this.#isLeft(name)).map(({ place }) => place)
  }

  #isLeft({ place, index }: Name): boolean {
    const link = this.#linkAbove(place, index)
    for (const layer of this.#layers.slice(index + 1)) {
      const names = layer?.facts.names
      if (names === undefined) continue
      if (link === undefined) {
        if (hides(names, place)) return false
        continue
      }
      // Behind a link, the file outlives the link. Later its name may lead to another file.
      if (hides(names, place.slice(0, link))) return true
      if ((lookUp(names, place) & (says.entry | says.removed)) !== 0) return false
    }
    return true
  }

  /**
   * Engines differ in what they do with an entry below a symbolic link of a lower layer: containerd follows the link,
   * podman's overlay driver replaces it with a directory.
   * @returns where the outermost such link ends in the place.
   */
  #linkAbove(place: string, index: number): number | undefined {
    const directory = place.slice(0, Math.max(0, place.lastIndexOf('/')))
    const last = this.#last
    if (last?.index === index && last.directory === directory) return last.link
    const link = [...ancestorsOf(place)].find((end) => isLink(this.#layers.slice(0, index + 1), place.slice(0, end)))
    this.#last = { index, directory, link }
    return link
  }
}

function outerHardLinks(layer: PlacedLayer | undefined): ReadonlyMap<string, readonly string[]> {
  const links = new Map<string, string[]>()
  for (const { as, place, entry } of layer?.facts.outerPlaces ?? []) {
    if (as !== 'hard-link') continue
    const names = links.get(place)
    if (names === undefined) links.set(place, [placeOf(entry)])
    else names.push(placeOf(entry))
  }
  return links
}

/** Whether the layers together have a symbolic link at a place. */
function isLink(layers: Layers, place: string): boolean {
  for (const layer of layers.toReversed()) {
    const names = layer?.facts.names
    if (names === undefined) continue
    const bits = lookUp(names, place)
    if ((bits & says.entry) !== 0) return (bits & says.link) !== 0 && (bits & says.directory) === 0
    if (hides(names, place)) return false
  }
  return false
}
