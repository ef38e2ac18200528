/** A survey by BitBake itself: its multiconfigs, their machines, and the recipes that make OCI images. */
import path from 'node:path'
import { runClient } from '../bitbake/process/client.js'
import { recipeArgument } from '../bitbake/command.js'
import { tellingErrors } from '../bitbake/output/judge.js'
import { silentLog } from '../bitbake/process/log.js'
import { prepareBuild } from '../bitbake/process/prepare.js'
import { queryBitbake } from '../bitbake/query/query.js'
import { readParsed, tinfoilPrelude, type Parsed } from '../bitbake/query/tinfoil.js'
import { Transcript } from '../bitbake/output/transcript.js'
import { platformOfMachine, type Machine } from '../discover/yocto-platform.js'
import { formatPlatform } from '../oci/platform.js'
import type { Build } from '../targets/target.js'
import { errorText } from '../util/fs.js'
import type { Asked, LeftOut, Multiconfig, MultiarchRecipe, Survey } from './survey.js'

const mark = 'mab-survey '

/** Image classes are inherited by every image where IMAGE_CLASSES has them: then IMAGE_FSTYPES tells. */
const program = `${tinfoilPrelude}
variables = ["MACHINE", "TARGET_ARCH", "TARGET_OS", "TUNE_FEATURES", "MACHINEOVERRIDES"]
with Tinfoil(setup_logging=False) as tinfoil:
    tinfoil.prepare(quiet=3)
    names = (tinfoil.config_data.getVar("BBMULTICONFIG") or "").split() or [""]
    machines, images, multiarch, failed, skipped, seen, known = {}, [], {}, {}, {}, set(), set()
    for mc in names:
        prefix = f"mc:{mc}:" if mc else ""
        inherits = tinfoil.run_command("getRecipeInherits", mc)
        for _, recipe in tinfoil.run_command("getSkippedRecipes", mc):
            skipped.setdefault(recipe.pn, recipe.skipreason)
        for name, files in tinfoil.run_command("getRecipes", mc):
            known.add(name)
            classes = {os.path.basename(c).rsplit(".", 1)[0] for f in files for c in inherits.get(f, [])}
            if mc in machines and name in seen or not classes & {"image-oci", "oci-multiarch"}:
                continue
            # One recipe that cannot be asked must not hide the others.
            try:
                d = tinfoil.parse_recipe(prefix + name)
                machines.setdefault(mc, {v: d.getVar(v) for v in variables})
                if name in seen:
                    continue
                if "oci-multiarch" in classes:
                    multiarch[name] = {
                        "recipe": d.getVar("OCI_MULTIARCH_RECIPE"),
                        "platforms": (d.getVar("OCI_MULTIARCH_PLATFORMS") or "").split(),
                        "multiconfigs": d.getVarFlags("OCI_MULTIARCH_MC") or {},
                    }
                elif "oci" in (d.getVar("IMAGE_FSTYPES") or "oci").split():
                    images.append(name)
                seen.add(name)
            except Exception as error:
                failed[name] = str(error).strip().split("\\n")[0] or type(error).__name__
    print("${mark}" + json.dumps({"names": names, "machines": machines, "images": images, "multiarch": multiarch, "failed": {n: e for n, e in failed.items() if n not in seen}, "skipped": skipped, "known": sorted(known), "layers": (tinfoil.config_data.getVar("BBLAYERS") or "").split()}))
`

interface Told {
  readonly names: readonly string[]
  readonly machines: Readonly<Record<string, Readonly<Record<string, string | null>>>>
  readonly images: readonly string[]
  /** What BitBake says of a recipe that it cannot parse alone, by the recipe's name. */
  readonly failed: Readonly<Record<string, string>>
  readonly skipped: Readonly<Record<string, string>>
  readonly known: readonly string[]
  /** Absolute. */
  readonly layers: readonly string[]
  readonly multiarch: Readonly<
    Record<
      string,
      {
        readonly recipe: string | null
        readonly platforms: readonly string[]
        readonly multiconfigs: Readonly<Record<string, string>>
      }
    >
  >
}

/** Why there is no survey. */
interface Refusal {
  /** What was said, if anything was. */
  readonly why: string
  /** BitBake itself cannot say: asking it in another way is of no use. */
  readonly final: boolean
}

/**
 * A failure when BitBake cannot be asked in one call: behind a wrapper, for one.
 */
export async function askSurvey(
  build: Build,
  environment: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
  stopNow: AbortSignal,
  onParsed: (parsed: Parsed) => void,
): Promise<{ readonly asked: Asked } | Refusal> {
  const prepared = await prepareBuild(build, environment, stop)
  if (!prepared.ok) {
    const [problem] = prepared.problems
    return { why: problem?.code === 'init-failed' ? `${problem.script}: ${problem.found}` : '', final: false }
  }
  const words = [program, build.kas === undefined ? build.command[0]! : 'bitbake']
  const argv = prepared.value.beside(['python3', '-c', ...words])
  if (argv === undefined) return { why: '', final: false }
  const transcript = new Transcript()
  let last: readonly string[] = []
  let told: Told | undefined
  const onLine = (line: string, stream: 'stdout' | 'stderr'): void => {
    const parsed = readParsed(line)
    if (parsed !== undefined) onParsed(parsed)
    else if (line.startsWith(mark)) told = JSON.parse(line.slice(mark.length)) as Told
    else {
      transcript.line(line, stream)
      if (line !== '') last = [...last, line].slice(-shownLines)
    }
  }
  const call = { argv, words, prepared: prepared.value, log: silentLog, stop, stopNow, onLine }
  const { exit } = await runClient(call)
  transcript.end()
  if (told !== undefined) return { asked: interpret(told) }
  if ('error' in exit) return { why: `${argv[0]} cannot be started: ${errorText(exit.error)}`, final: false }
  const said = transcript.errors.length > 0
  return { why: (said ? tellingErrors(transcript) : last).join('\n'), final: said }
}

/** Behind a wrapper: what BitBake says of the recipes and multiconfigs that were read. */
export async function askMachines(
  survey: Survey,
  build: Build,
  environment: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
  stopNow: AbortSignal,
): Promise<Survey> {
  const [recipe] = [...survey.recipes, ...survey.multiarch.map((one) => one.recipe)]
  if (recipe === undefined) return survey
  const targets = survey.multiconfigs.map(({ name }) => ({ multiconfig: name, recipe, task: 'build' }))
  const prepared = await prepareBuild(build, environment, stop)
  if (!prepared.ok) return survey
  const { answers } = await queryBitbake({ prepared: prepared.value, targets, stop, stopNow })
  const multiconfigs = survey.multiconfigs.map((known) => {
    const answer = answers.get(recipeArgument({ multiconfig: known.name, recipe }))
    return answer === undefined ? known : describe(known.name, answer, answer.MACHINE)
  })
  return { ...survey, multiconfigs, asked: targets.length > 0 && answers.size === targets.length }
}

function describe(name: string, machine: Machine, named: string | null | undefined): Multiconfig {
  const found = platformOfMachine(machine)
  const common = { name, ...(named ? { machine: named } : {}) }
  return found.kind === 'known'
    ? { ...common, platform: formatPlatform(found.platform) }
    : { ...common, reason: found.reason }
}

function interpret(told: Told): Asked {
  const { names, machines, images, multiarch, failed, skipped, known, layers } = told
  const leftOut: LeftOut[] = Object.entries(failed).map(([name, why]) => ({ name, why }))
  return {
    multiconfigs: names.map((name): Multiconfig => {
      const variables = machines[name]
      if (variables === undefined) return { name, reason: 'no recipe of it makes an OCI image' }
      const machine: Machine = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== null))
      return describe(name, machine, variables['MACHINE'])
    }),
    known,
    layers: [...new Set(layers.map((layer) => path.normalize(`${layer}/.`)))].toSorted(),
    recipes: images.toSorted(),
    multiarch: Object.entries(multiarch).flatMap(([name, { recipe, platforms, multiconfigs }]): MultiarchRecipe[] => {
      const named = platforms.map((key) => ({ key, multiconfig: multiconfigs[key] ?? '' }))
      for (const { key } of named.filter(({ multiconfig }) => multiconfig === '')) {
        leftOut.push({ name: `${key} of ${name}`, why: `OCI_MULTIARCH_MC[${key}] is not set` })
      }
      if (recipe) return [{ name, recipe, platforms: named.filter(({ multiconfig }) => multiconfig !== '') }]
      leftOut.push({ name, why: 'OCI_MULTIARCH_RECIPE is not set' })
      return []
    }),
    leftOut,
    skipped,
  }
}

/** Of a call that failed without an error of BitBake's. */
const shownLines = 5
