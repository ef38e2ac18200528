/** `--metadata-file`: what programs want to know of the images, under the names that buildx uses, and more. */
import type { TargetReport } from '../execute/event.js'
import type { ReportedImage } from '../execute/output/image-record.js'
import type { IndexTask, Plan } from '../plan/task.js'
import type { Json } from '../util/json.js'

/** An image that a run has found to be right. */
export interface RunImage {
  readonly report: TargetReport
  readonly image: ReportedImage
  readonly output: IndexTask['output']
}

/** The images of a run that are in place and verified, in the order of the plan. */
export function imagesOf(plan: Plan, targets: readonly TargetReport[]): RunImage[] {
  return targets.flatMap((report): RunImage[] => {
    const task = plan.tasks.find(
      (candidate): candidate is IndexTask => candidate.kind === 'index' && candidate.target === report.target,
    )
    const { image, state } = report
    const whole = state === 'done' || state === 'fresh'
    return task === undefined || image === undefined || !whole ? [] : [{ report, image, output: task.output }]
  })
}

/**
 * Of one image, as `docker buildx build --metadata-file` writes it: `containerimage.*` and `image.name`. Besides, the
 * manifest of each platform, and where the image is.
 */
export function imageMetadata({ report, image, output }: RunImage): Json {
  const { mediaType, digest, size } = image.index
  const { reference, references, name } = output
  return {
    ...(name === undefined ? {} : { 'image.name': name }),
    'containerimage.digest': digest,
    'containerimage.descriptor': { mediaType, digest, size },
    references: reference === undefined ? [] : [reference, ...references],
    platforms: Object.fromEntries(
      image.manifests.map(({ platform, ...manifest }) => [
        platform,
        { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.size },
      ]),
    ),
    partial: report.partial,
    directory: report.directory,
    ...(report.archive === undefined ? {} : { archive: report.archive }),
  }
}

/** Of all images of a run by their targets' names, as `docker buildx bake --metadata-file` writes it. */
export function runMetadata(images: readonly RunImage[]): Json {
  return Object.fromEntries(images.map((image) => [image.report.target, imageMetadata(image)]))
}
