/** A survey by BitBake itself: its multiconfigs, their machines, and the recipes that make OCI images. */
import { spawn } from 'node:child_process'
import { recipeArgument } from '../bitbake/command.js'
import { prepareBuild } from '../bitbake/prepare.js'
import { queryBitbake } from '../bitbake/query.js'
import { platformOfMachine, type Machine } from '../oci/yocto-platform.js'
import { formatPlatform } from '../oci/platform.js'
import type { Build } from '../targets/target.js'
import { errorText } from '../util/fs.js'
import type { Multiconfig, MultiarchRecipe, Survey } from './survey.js'

const mark = 'mab-survey '

/** Image classes are inherited by every image where IMAGE_CLASSES has them: then IMAGE_FSTYPES tells. */
const program = `
import json, os, shutil, sys
program = os.path.realpath(shutil.which(sys.argv[1]) or "")
library = os.path.join(os.path.dirname(os.path.dirname(program)), "lib")
if not os.path.exists(os.path.join(library, "bb", "tinfoil.py")):
    sys.exit()
sys.path.insert(0, library)
import bb.tinfoil
variables = ["MACHINE", "TARGET_ARCH", "TARGET_OS", "TUNE_FEATURES", "MACHINEOVERRIDES"]
with bb.tinfoil.Tinfoil(setup_logging=False) as tinfoil:
    tinfoil.prepare(quiet=3)
    names = (tinfoil.config_data.getVar("BBMULTICONFIG") or "").split() or [""]
    machines, images, multiarch, seen, known = {}, [], {}, set(), set()
    for mc in names:
        prefix = f"mc:{mc}:" if mc else ""
        inherits = tinfoil.run_command("getRecipeInherits", mc)
        for name, files in tinfoil.run_command("getRecipes", mc):
            known.add(name)
            classes = {os.path.basename(c).rsplit(".", 1)[0] for f in files for c in inherits.get(f, [])}
            if mc in machines and name in seen or not classes & {"image-oci", "oci-multiarch"}:
                continue
            d = tinfoil.parse_recipe(prefix + name)
            machines.setdefault(mc, {v: d.getVar(v) for v in variables})
            if name in seen:
                continue
            seen.add(name)
            if "oci-multiarch" in classes:
                multiarch[name] = {
                    "recipe": d.getVar("OCI_MULTIARCH_RECIPE"),
                    "platforms": (d.getVar("OCI_MULTIARCH_PLATFORMS") or "").split(),
                    "multiconfigs": d.getVarFlags("OCI_MULTIARCH_MC") or {},
                }
            elif "oci" in (d.getVar("IMAGE_FSTYPES") or "oci").split():
                images.append(name)
    print("${mark}" + json.dumps({"names": names, "machines": machines, "images": images, "multiarch": multiarch, "known": sorted(known)}))
`

interface Told {
  readonly names: readonly string[]
  readonly machines: Readonly<Record<string, Readonly<Record<string, string | null>>>>
  readonly images: readonly string[]
  readonly known: readonly string[]
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

type Asked = Pick<Survey, 'multiconfigs' | 'recipes' | 'multiarch' | 'known'>

/** A failure, with what was said if anything was, when BitBake cannot be asked in one call: behind a wrapper, for one. */
export async function askSurvey(
  build: Build,
  environment: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
): Promise<{ readonly asked: Asked } | { readonly why: string }> {
  const prepared = await prepareBuild(build, environment, stop)
  if (!prepared.ok) {
    const [problem] = prepared.problems
    return { why: problem?.code === 'init-failed' ? `${problem.script}: ${problem.found}` : '' }
  }
  const { beside, cwd, variables } = prepared.value
  const argv = beside(['python3', '-c', program, build.kas === undefined ? build.command[0]! : 'bitbake'])
  if (argv === undefined) return { why: '' }
  const { told, why } = await output(argv, cwd, variables, stop)
  const line = told.split('\n').find((text) => text.startsWith(mark))
  return line === undefined ? { why } : { asked: interpret(JSON.parse(line.slice(mark.length)) as Told) }
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
  const { answers } = await queryBitbake({ build, targets, environment, stop, stopNow })
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

function interpret({ names, machines, images, multiarch, known }: Told): Asked {
  return {
    multiconfigs: names.map((name): Multiconfig => {
      const told = machines[name]
      if (told === undefined) return { name, reason: 'no recipe of it makes an OCI image' }
      const machine: Machine = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null))
      return describe(name, machine, told['MACHINE'])
    }),
    known,
    recipes: images.toSorted(),
    multiarch: Object.entries(multiarch).flatMap(([name, { recipe, platforms, multiconfigs }]): MultiarchRecipe[] => {
      if (recipe === null || recipe === '' || platforms.length === 0) return []
      const named = platforms.map((key) => ({ key, multiconfig: multiconfigs[key] ?? '' }))
      return [{ name, recipe, platforms: named.filter(({ multiconfig }) => multiconfig !== '') }]
    }),
  }
}

function output(
  argv: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<{ readonly told: string; readonly why: string }> {
  return new Promise((resolve) => {
    const child = spawn(argv[0]!, argv.slice(1), { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const text = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (part: string) => (text[stream] += part))
    }
    const interrupt = (): void => void child.kill('SIGINT')
    stop.addEventListener('abort', interrupt)
    const end = (told: string, why: string): void => {
      stop.removeEventListener('abort', interrupt)
      resolve({ told, why })
    }
    child.once('error', (error) => end('', `${argv[0]} cannot be started: ${errorText(error)}`))
    child.once('close', (code) => {
      // BitBake's own errors of configuration go to stdout.
      const said = `${text.stdout}${text.stderr}`.trim().split('\n').slice(-shownLines).join('\n')
      end(code === 0 ? text.stdout : '', said)
    })
  })
}

/** Of a call that failed. */
const shownLines = 5
