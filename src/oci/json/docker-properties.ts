/**
 * What Docker writes into an image config besides the properties of the image spec. Podman decodes it too, and pulls no
 * image in which a property has another type (`Schema2V1Image` and `Schema2Config` in containers/image,
 * manifest/docker_schema2.go). `Shell` is not here, since a string is taken for it.
 */
import * as z from 'zod'
import { annotations, flag, integer, optional, text, texts } from './schema-parts.js'

const healthcheck = z.looseObject(
  {
    Test: optional(texts),
    Interval: optional(integer),
    Timeout: optional(integer),
    StartPeriod: optional(integer),
    Retries: optional(integer),
  },
  'an object',
)

/** In `config`. */
export const dockerExecution = {
  Hostname: optional(text),
  Domainname: optional(text),
  AttachStdin: optional(flag),
  AttachStdout: optional(flag),
  AttachStderr: optional(flag),
  Tty: optional(flag),
  OpenStdin: optional(flag),
  StdinOnce: optional(flag),
  Healthcheck: optional(healthcheck),
  Image: optional(text),
  NetworkDisabled: optional(flag),
  MacAddress: optional(text),
  OnBuild: optional(texts),
  StopTimeout: optional(integer),
}

const buildContainer = z.looseObject(
  {
    ...dockerExecution,
    User: optional(text),
    Env: optional(texts),
    WorkingDir: optional(text),
    Labels: optional(annotations),
    StopSignal: optional(text),
  },
  'an object',
)

/** In the image config itself. */
export const dockerImage = {
  id: optional(text),
  parent: optional(text),
  comment: optional(text),
  container: optional(text),
  container_config: optional(buildContainer),
  docker_version: optional(text),
}
