import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { judge, refusedTargets, type Judgement } from '../../../src/bitbake/output/judge.js'
import { withMcdependsPlace } from '../../../src/bitbake/output/mcdepends.js'
import { Transcript } from '../../../src/bitbake/output/transcript.js'
import type { BitbakeProblem } from '../../../src/problem/bitbake-problem.js'
import { temporaryDirectory } from '../../rig/temp.js'
import { cases, everywhere, judged, orders, read, recording } from '../recordings.js'

const test = suite('bitbake judgement')

const [arm, x86] = ['container-aarch64', 'container-x86-64'] as const
const nobody = { directory: '/', log: '/log', neededBy: () => [] }

/** What the case gives in every version: multiconfigs of the built and of the unsure targets, and the problems. */
function expectJudgement(
  name: string,
  built: readonly string[],
  unsure: readonly string[],
  check: (problems: readonly BitbakeProblem[]) => void,
): void {
  everywhere(name, (recorded, order) => {
    const judgement = judged(recorded, order)
    assert.equal(
      judgement.built.map(({ multiconfig }) => multiconfig),
      built,
    )
    assert.equal(
      judgement.unsure.map(({ multiconfig }) => multiconfig),
      unsure,
    )
    check(judgement.problems)
    if (recorded.exit.code === 0) return
    assert.ok(judgement.problems.length > 0, 'a failure without a problem')
    // Whether the rest was done is known only when BitBake was to go on.
    assert.equal(judged(recorded, order, { keepGoing: false }).built, [])
  })
}

function none(problems: readonly BitbakeProblem[]): void {
  assert.equal(problems, [])
}

/** The only problem, which must have that code. */
function only<Code extends BitbakeProblem['code']>(
  problems: readonly BitbakeProblem[],
  code: Code,
): Extract<BitbakeProblem, { code: Code }> {
  assert.equal(
    problems.map((problem) => problem.code),
    [code],
  )
  return problems[0] as Extract<BitbakeProblem, { code: Code }>
}

test('success, no-op and warnings: all is built', () => {
  expectJudgement('success', [arm, x86], [], none)
  expectJudgement('no-op', [arm, x86], [], none)
  expectJudgement('warnings', [arm], [], none)
  expectJudgement('default-configuration', [''], [], none)
})

test('one multiconfig fails and nothing was to go on: nothing counts as built', () => {
  expectJudgement('one-multiconfig-fails', [], [], (problems) => {
    const problem = only(problems, 'bitbake-task-failed')
    assert.equal([problem.multiconfig, problem.recipe, problem.task], [arm, 'hello-container', 'rootfs'])
    assert.equal(problem.images, [{ target: 'hello', platform: arm }])
    assert.match(problem.taskLog!, '/log.do_rootfs.')
    assert.match(problem.errors.join('\n'), 'do_rootfs: Exec')
    assert.is(problem.log, '/log')
  })
})

test('one multiconfig fails, the other was seen to be built', () => {
  expectJudgement('one-multiconfig-fails-keep-going-first-build', [x86], [], (problems) => {
    assert.is(only(problems, 'bitbake-task-failed').multiconfig, arm)
  })
  expectJudgement('default-configuration-fails-keep-going', [arm], [], (problems) => {
    assert.is(only(problems, 'bitbake-task-failed').multiconfig, '')
  })
})

test('one multiconfig fails, of the other nothing was said', () => {
  const check = (problems: readonly BitbakeProblem[]): void => {
    assert.is(only(problems, 'bitbake-task-failed').multiconfig, arm)
  }
  expectJudgement('one-multiconfig-fails-keep-going', [], [x86], check)
  // BitBake prints the same when the other one waited for what failed: its image is an old one.
  expectJudgement('multiconfig-dependency-fails-keep-going', [], [x86], check)
})

test('both multiconfigs fail: each with its own error and log', () => {
  expectJudgement('two-multiconfigs-fail-keep-going', [], [], (problems) => {
    assert.is(problems.length, 2)
    for (const problem of problems) {
      assert.is(problem.code, 'bitbake-task-failed')
      if (problem.code !== 'bitbake-task-failed') continue
      assert.is(problem.errors.length, 1)
      assert.match(problem.errors[0]!, `mc:${problem.multiconfig}:`)
      assert.match(problem.taskLog!, `/tmp-${problem.multiconfig}/`)
    }
  })
})

test('tasks that fail in one multiconfig do not share their errors', () => {
  const transcript = new Transcript()
  for (const recipe of ['one', 'two']) {
    transcript.line(`ERROR: mc:a:${recipe}-1.0-r0 do_compile: ${recipe} is broken`, 'stderr')
    transcript.line(`ERROR: Task (mc:a:/m/${recipe}_1.0.bb:do_compile) failed with exit code '1'`, 'stderr')
  }
  transcript.end()
  const { problems } = judge(transcript, [], { ...nobody, exit: { code: 1, signal: null }, keepGoing: true })
  assert.equal(
    problems.map((problem) => problem.code === 'bitbake-task-failed' && problem.errors),
    ['one', 'two'].map((recipe) => [`mc:a:${recipe}-1.0-r0 do_compile: ${recipe} is broken`]),
  )
})

test('a failing task says why', () => {
  const why = {
    'shell-task-fails': 'run.do_rootfs',
    'python-task-fatal': 'boom by bb.fatal',
    'python-task-raises': 'KeyError',
  }
  for (const [name, words] of Object.entries(why)) {
    expectJudgement(name, [], [], (problems) => {
      const problem = only(problems, 'bitbake-task-failed')
      assert.is(problem.recipe, 'fails')
      assert.match(problem.errors.join('\n'), words)
    })
  }
})

test('a task that logs an error and goes on fails the call', () => {
  expectJudgement('task-logs-error', [], [], (problems) => {
    const problem = only(problems, 'bitbake-failed')
    assert.is(problem.exit, 'exit code 1')
    assert.match(problem.errors.join('\n'), 'an error logged, the task goes on')
  })
})

test('errors that the config accepts: built, if every task succeeded, and each is listed', () => {
  for (const order of orders) {
    const recorded = recording('oe', 'errors-reported-keep-going')
    const accept = (...acceptErrors: readonly string[]): Judgement => judged(recorded, order, { acceptErrors })
    const { built, problems, accepted } = accept('/releases/uninative/5.2/x86_64')
    assert.equal([built, problems], [recorded.targets, []])
    assert.is(accepted.length, 1)
    assert.match(accepted[0]!, 'Fetcher failure: Fetch command')
    // As it stands: no pattern.
    const other = accept('uninative.5.2.x86_64')
    assert.equal([other.built, other.accepted], [[], []])
    only(other.problems, 'bitbake-failed')
  }
})

test('accepted errors hide no task that failed, nothing that is missing, and no other error', () => {
  for (const [name, text] of [
    ['shell-task-fails', 'failed with exit code 3'],
    ['python-task-fatal', 'boom by bb.fatal'],
    ['recipe-parse-error', 'unparsed line: '],
    ['missing-dependency', 'Nothing PROVIDES'],
    ['unknown-multiconfig', 'Multiconfig dependency'],
    ['interrupted-twice', 'Command execution failed'],
  ] as const) {
    everywhere(name, (recorded, order) => {
      const { built, problems } = judged(recorded, order, { acceptErrors: [text] })
      assert.equal(built, [], name)
      assert.ok(problems.length > 0, name)
    })
  }
  // Of a task that only logs it, and goes on.
  everywhere('task-logs-error', (recorded, order) => {
    assert.equal(judged(recorded, order, { acceptErrors: ['an error logged, the task'] }).built, recorded.targets)
    const transcript = read(recorded, order)[0]
    transcript.errors.push({ text: 'another error' })
    const options = { ...nobody, exit: recorded.exit, keepGoing: true, acceptErrors: ['an error logged, the task'] }
    const { built, problems } = judge(transcript, recorded.targets, options)
    assert.equal(built, [])
    assert.equal(only(problems, 'bitbake-failed').errors, ['another error'])
  })
  // Another multiconfig's error with -k leaves this one's failure.
  everywhere('one-multiconfig-fails-keep-going', (recorded, order) => {
    const { problems, built } = judged(recorded, order, { acceptErrors: ['failed with exit code 7'] })
    only(problems, 'bitbake-task-failed')
    assert.not.ok(built.some(({ multiconfig }) => multiconfig === arm))
  })
})

test('an unknown multiconfig, and nothing is built', () => {
  expectJudgement('unknown-multiconfig', [], [], (problems) => {
    const problem = only(problems, 'unknown-multiconfig')
    assert.equal([problem.multiconfig, problem.directory], ['nope', '/work-dir/build'])
  })
})

test('an unknown multiconfig that an mcdepends names, and which one', () => {
  expectJudgement('mcdepends-unknown-multiconfig', [], [], (problems) => {
    const { multiconfig, dependency, images } = only(problems, 'unknown-multiconfig')
    assert.equal([multiconfig, dependency], ['sos', 'mc:container-aarch64:sos:other:do_rootfs'])
    assert.equal(
      images.map(({ platform }) => platform),
      [arm, x86],
    )
  })
})

test('the same from the run queue (BitBake 2.19); with -k the others are asked for without those that depend on it', () => {
  const transcript = new Transcript()
  const dependency = `mc:${arm}:sos:other:do_rootfs`
  const refused = `Multiconfig 'sos' is referenced in multiconfig dependency '${dependency}' but not enabled in BBMULTICONFIG?`
  transcript.line(`ERROR: ${refused}`, 'stderr')
  transcript.end()
  assert.equal(transcript.unknownMulticonfigs, [{ multiconfig: 'sos', dependency }])
  const targets = [arm, x86].map((multiconfig) => ({ multiconfig, recipe: 'r', task: 'image_complete' }))
  assert.equal(refusedTargets(transcript, targets), [targets[0]])
})

test('where the mcdepends is written: the file, the line and the task', async () => {
  const directory = temporaryDirectory()
  const problem = {
    code: 'unknown-multiconfig',
    multiconfig: 'sos',
    dependency: `mc:${arm}:sos:other:do_rootfs`,
    images: [],
    directory,
    log: '/log',
  } as const
  const find = async (text: string): Promise<unknown> => {
    const file = path.join(directory, 'r.bb')
    writeFileSync(file, text)
    const found = await withMcdependsPlace(problem, [{ BBINCLUDED: `${directory}/none.conf ${file}` }])
    return found.code === 'unknown-multiconfig' && found.declared
  }
  const file = path.join(directory, 'r.bb')
  assert.equal(await find(`A = "1"\n\ndo_x[mcdepends] = "mc:a:sos:other:do_rootfs"\n`), { file, line: 3, task: 'do_x' })
  assert.equal(await find(`do_x[mcdepends] += "\\\n  mc:a:b:r:do_y \\\n  mc:a:sos:r:do_y"\n`), {
    file,
    line: 1,
    task: 'do_x',
  })
  assert.equal(await find(`python() {\n    d.setVarFlag("do_x", 'mcdepends', "mc::sos:r:do_y")\n}\n`), {
    file,
    line: 2,
    task: 'do_x',
  })
  assert.is(
    await find(`# do_x[mcdepends] = "mc:a:sos:other:do_rootfs"\ndo_x[mcdepends] = "mc:a:b:c:do_d"\n`),
    undefined,
  )
})

test('an unknown recipe, with what is like it', () => {
  const check = (problems: readonly BitbakeProblem[]): void => {
    const { recipe, closeMatches, reason } = only(problems, 'unknown-recipe')
    assert.equal([recipe, closeMatches, reason], ['hello-contaner', ['hello-container'], undefined])
  }
  expectJudgement('unknown-recipe', [], [], check)
  expectJudgement('unknown-recipe-keep-going', [arm], [], check)
  expectJudgement('unknown-recipe-nothing-close', [], [], (problems) => {
    const { recipe, closeMatches } = only(problems, 'unknown-recipe')
    assert.equal([recipe, closeMatches], ['zzz', []])
  })
})

test('a recipe that is skipped, with the reason', () => {
  expectJudgement('skipped-recipe', [], [], (problems) => {
    const { recipe, reason } = only(problems, 'unknown-recipe')
    assert.equal([recipe, reason], ['skipped', 'skipped was skipped: not for this machine'])
  })
})

test('a recipe that is skipped for one multiconfig: the other was seen to be built', () => {
  expectJudgement('skipped-in-one-multiconfig-keep-going', [x86], [], (problems) => {
    const { recipe, reason } = only(problems, 'unknown-recipe')
    assert.is(recipe, 'hello-container')
    assert.match(reason!, 'not for arm')
  })
})

test('a missing dependency, with who needs it: who needs it is not built', () => {
  const check = (problems: readonly BitbakeProblem[]): void => {
    const { names, reason, images } = only(problems, 'unknown-dependency')
    assert.match(names.join(), /^no-such-/)
    assert.match(reason!, /required by .*\/needs\.bb/)
    assert.equal(
      images.map(({ platform }) => platform),
      ['container-aarch64'],
    )
  }
  expectJudgement('missing-dependency', [], [], check)
  expectJudgement('missing-dependency-keep-going', [x86], [arm], check)
  expectJudgement('missing-runtime-dependency-keep-going', [x86], [arm], check)
  // `needs` is given up without a word.
  expectJudgement('skipped-and-required-keep-going', [x86], [arm], (problems) => {
    assert.is(only(problems, 'unknown-recipe').recipe, 'skipped')
  })
})

test("what OpenEmbedded's images lack is one problem, with those that lack it", () => {
  for (const order of orders) {
    const missing = only(judged(recording('oe', 'dependencies-missing'), order).problems, 'unknown-dependency')
    assert.equal([missing.names, missing.chain], [['quilt-native'], ['lacking', 'quilt-native']])
    assert.equal(missing.images, [{ target: 'hello', platform: 'arm64' }])

    const { problems, built } = judged(recording('oe', 'dependencies-missing-keep-going'), order)
    const { names, images } = only(problems, 'unknown-dependency')
    assert.equal([names.length, names[0]], [28, 'quilt-native'])
    assert.equal(images, [{ target: 'hello', platform: 'arm64' }])
    assert.equal(
      built.map(({ multiconfig }) => multiconfig),
      [],
    )
  }
})

test('a recipe that some machines of OpenEmbedded do not take: which, in the reasons', () => {
  for (const order of orders) {
    const { reason } = only(judged(recording('oe', 'skipped-machine-keep-going'), order).problems, 'unknown-recipe')
    assert.match(reason!, /incompatible with machine qemuarm64 .*; .* incompatible with machine qemuarm /)
  }
})

test('an unknown task', () => {
  expectJudgement('unknown-task', [], [], (problems) => {
    const { recipe, task } = only(problems, 'unknown-task')
    assert.equal([recipe, task], ['hello-container', 'image_complet'])
  })
})

test('an unknown task names all that need it, with -k only those of which BitBake says it', () => {
  everywhere('unknown-task', (recorded, order) => {
    const asked = recorded.targets[0]!
    const other = { ...asked, multiconfig: 'other' }
    const needing = (keepGoing: boolean): readonly string[] => {
      const { problems } = judged(recorded, order, { keepGoing, targets: [asked, other] })
      return only(problems, 'unknown-task').images.map(({ platform }) => platform)
    }
    assert.equal(needing(false), [asked.multiconfig, 'other'])
    assert.equal(needing(true), [asked.multiconfig])
  })
})

test('what BitBake says once for each multiconfig is one problem', () => {
  const transcript = new Transcript()
  for (let time = 0; time < 3; time++) transcript.line("ERROR: Nothing PROVIDES 'nope'", 'stderr')
  transcript.end()
  const targets = ['a', 'b'].map((multiconfig) => ({ multiconfig, recipe: 'nope', task: 'image_complete' }))
  const exit = { code: 1, signal: null }
  const { problems } = judge(transcript, targets, { ...nobody, exit, keepGoing: true })
  assert.is(problems.length, 1)
})

test('a failure of the whole call says all that it affects', () => {
  everywhere('local-conf-parse-error', (recorded, order) => {
    const targets = ['a', 'b'].map((multiconfig) => ({ multiconfig, recipe: 'hello', task: 'image_complete' }))
    const { problems } = judged(recorded, order, { targets })
    const { images } = only(problems, 'bitbake-failed')
    assert.equal(
      images.map(({ platform }) => platform),
      ['a', 'b'],
    )
  })
})

test('metadata that does not parse: the first thing to read is file, line and cause', () => {
  const first = {
    'recipe-parse-error': /^ParseError at .*\/broken\.bb:2: unparsed line/,
    'class-missing': /^ParseError at .*\/broken\.bb:2: Could not inherit/,
    'expansion-error': /^ExpansionError during parsing .*\/broken\.bb\n/,
    'local-conf-parse-error': /^ParseError at .*\/local\.conf:2: unparsed line/,
    'multiconfig-file-missing': /^ParseError at .*\/bitbake\.conf:\d+: Could not include required file .*armv7\.conf$/,
    'layer-missing': /^The following layer directories do not exist:/,
  }
  for (const [name, words] of Object.entries(first)) {
    expectJudgement(name, [], [], (problems) => {
      const { errors, exit } = only(problems, 'bitbake-failed')
      assert.is(exit, 'exit code 1')
      assert.match(errors[0]!, words)
      assert.ok(errors.join('\n').split('\n').length <= 3, errors.join('\n'))
    })
  }
})

test('a wrong option of BitBake is told in its own words', () => {
  expectJudgement('unknown-option', [], [], (problems) => {
    const { errors, exit } = only(problems, 'bitbake-failed')
    assert.is(exit, 'exit code 2')
    assert.match(errors.at(-1)!, /^bitbake: error: .*--no-such-option$/)
  })
})

test('interrupted: nothing counts as built, though the tasks that ran succeeded', () => {
  for (const name of ['interrupted-once', 'interrupted-twice']) {
    everywhere(name, (recorded, order) => {
      for (const keepGoing of [false, true]) {
        const { built, unsure, problems } = judged(recorded, order, { keepGoing })
        assert.equal([built, unsure], [[], []])
        only(problems, 'bitbake-failed')
      }
    })
  }
})

test('exit 0 without the closing summary is no success', () => {
  const transcript = new Transcript()
  const { built, problems } = judge(transcript, recording('2.19', 'success').targets, {
    ...nobody,
    exit: { code: 0, signal: null },
    keepGoing: true,
  })
  assert.equal(built, [])
  only(problems, 'bitbake-incomplete')
})

test('killed, or an exit code that nothing explains: nothing counts as built', () => {
  const recorded = recording('2.19', 'success')
  for (const [exit, words] of [
    [{ code: null, signal: 'SIGKILL' }, 'signal SIGKILL'],
    [{ code: 120, signal: null }, 'exit code 120'],
    [{ code: 1, signal: null }, 'exit code 1'],
  ] as const) {
    const { built, unsure, problems } = judged(recorded, undefined, { exit, keepGoing: true })
    assert.equal([built, unsure], [[], []])
    assert.is(only(problems, 'bitbake-failed').exit, words)
  }
  const failed = recording('2.19', 'one-multiconfig-fails-keep-going-first-build')
  assert.equal(judged(failed, undefined, { exit: { code: null, signal: 'SIGHUP' } }).built, [])
})

test('a wrapper that is not BitBake has the last word', () => {
  const transcript = new Transcript()
  transcript.line("/usr/bin/env: 'python3': No such file or directory", 'stderr')
  transcript.end()
  const { problems } = judge(transcript, [], { ...nobody, exit: { code: 127, signal: null }, keepGoing: false })
  assert.equal(only(problems, 'bitbake-failed').errors, ["/usr/bin/env: 'python3': No such file or directory"])
})

test('every recorded case is judged alike whichever pipe is read first', () => {
  for (const name of cases) {
    everywhere(name, (recorded, order) => {
      assert.equal(judged(recorded, order), judged(recorded))
      const failed = recorded.targets.length - judged(recorded).built.length
      // A server that is ended from outside lets its client end with 0.
      assert.is(failed > 0, recorded.exit.code !== 0 || name === 'server-terminated')
    })
  }
})

test.run()
