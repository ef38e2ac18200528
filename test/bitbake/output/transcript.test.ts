import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Transcript } from '../../../src/bitbake/output/transcript.js'
import { cases, casesOf, everywhere, read, versions } from '../recordings.js'

const test = suite('bitbake transcript')

const texts = (name: string, check: (errors: string[], version: string) => void): void => {
  everywhere(name, (recorded, order) => {
    const [transcript] = read(recorded, order)
    check(
      transcript.errors.map(({ text }) => text),
      recorded.version,
    )
  })
}

test('every case is recorded from every version', () => {
  assert.ok(versions.length >= 3)
  for (const version of versions) assert.equal(casesOf(version).toSorted(), cases)
})

test('a build counts its tasks and names what runs', () => {
  everywhere('success', (recorded, order) => {
    const [transcript, progress] = read(recorded, order)
    assert.equal(transcript.summary, { attempted: 6, upToDate: 0, failed: 0 })
    const counted = progress.filter(({ done }) => done !== undefined)
    assert.equal(
      [...new Set(counted.map(({ done, total }) => `${done} of ${total}`))],
      ['1 of 6', '2 of 6', '3 of 6', '4 of 6', '5 of 6', '6 of 6'],
    )
    const named = counted.map(({ text }) => text)
    assert.ok(named.includes('container-aarch64: hello-container do_image_complete'), named.join('\n'))
    assert.ok(progress.some(({ text }) => text === 'parsing recipes'))
    assert.equal([transcript.errors, transcript.failedTasks, transcript.warnings], [[], [], 0])
  })
})

test('a no-op says that nothing was to do', () => {
  everywhere('no-op', (recorded, order) => {
    assert.equal(read(recorded, order)[0].summary, { attempted: 6, upToDate: 6, failed: 0 })
  })
})

test('the default configuration has no multiconfig', () => {
  everywhere('default-configuration', (recorded, order) => {
    const [transcript, progress] = read(recorded, order)
    assert.is(progress.at(-1)?.text, 'hello-container do_image_complete')
    assert.ok(transcript.begun.has(':hello-container:image_complete'))
  })
})

test('warnings are counted as BitBake counts them', () => {
  for (const [name, count] of [
    ['warnings', 7],
    ['expansion-error', 6],
  ] as const) {
    everywhere(name, (recorded, order) => {
      assert.match(recorded.text('stdout'), `Summary: There were ${count} WARNING messages.`)
      assert.is(read(recorded, order)[0].warnings, count)
    })
  }
})

test('a failed task has its multiconfig, recipe, task and log', () => {
  everywhere('shell-task-fails', (recorded, order) => {
    const [{ failedTasks, summary }] = read(recorded, order)
    assert.is(failedTasks.length, 1)
    const { log, ...failed } = failedTasks[0]!
    assert.equal(failed, { multiconfig: 'container-aarch64', recipe: 'fails', task: 'rootfs' })
    assert.match(log!, /^\/work-dir\/build\/tmp-container-aarch64\/work\/.*\/fails\/1\.0\/temp\/log\.do_rootfs\.\d+$/)
    assert.equal(summary, { attempted: 1, upToDate: 0, failed: 1 })
  })
})

test('tasks that fail at once keep their own logs', () => {
  everywhere('two-multiconfigs-fail-keep-going', (recorded, order) => {
    const { failedTasks } = read(recorded, order)[0]
    assert.equal(failedTasks.map(({ multiconfig }) => multiconfig).toSorted(), [
      'container-aarch64',
      'container-x86-64',
    ])
    for (const { multiconfig, log } of failedTasks) assert.match(log!, `/tmp-${multiconfig}/`)
  })
})

test('logs find their tasks when the lines of two failures mix', () => {
  const transcript = new Transcript()
  const log = (multiconfig: string, recipe: string): string => `/tmp-${multiconfig}/work/${recipe}/temp/log.do_x.1`
  for (const [multiconfig, recipe] of [
    ['a', 'one'],
    ['b', 'one'],
    ['a', 'two'],
  ] as const) {
    transcript.line(`ERROR: Logfile of failure stored in: ${log(multiconfig, recipe)}`, 'stderr')
  }
  for (const [multiconfig, recipe] of [
    ['b', 'one'],
    ['a', 'two'],
    ['a', 'one'],
  ] as const) {
    transcript.line(`ERROR: Task (mc:${multiconfig}:/m/${recipe}_1.0.bb:do_x) failed with exit code '1'`, 'stderr')
  }
  transcript.end()
  for (const failed of transcript.failedTasks) assert.is(failed.log, log(failed.multiconfig, failed.recipe))
})

test('the closing list says which log is whose when the names of the logs do not', () => {
  const transcript = new Transcript()
  for (const log of ['1', '2']) {
    transcript.line(`ERROR: Logfile of failure stored in: /work/r/temp/log.do_x.${log}`, 'stderr')
  }
  for (const multiconfig of ['a', 'b']) {
    transcript.line(`ERROR: Task (mc:${multiconfig}:/m/r.bb:do_x) failed with exit code '1'`, 'stderr')
  }
  transcript.line('Summary: 2 tasks failed:', 'stdout')
  for (const [multiconfig, log] of [
    ['a', '2'],
    ['b', '1'],
  ]) {
    transcript.line(`  mc:${multiconfig}:/m/r.bb:do_x`, 'stdout')
    transcript.line(`    log: /work/r/temp/log.do_x.${log}`, 'stdout')
  }
  transcript.end()
  assert.equal(
    transcript.failedTasks.map(({ log }) => log),
    ['/work/r/temp/log.do_x.2', '/work/r/temp/log.do_x.1'],
  )
})

test('the error of a task names the task', () => {
  everywhere('python-task-fatal', (recorded, order) => {
    assert.equal(read(recorded, order)[0].errors, [
      {
        multiconfig: 'container-aarch64',
        task: 'fails-1.0 do_rootfs',
        text: 'mc:container-aarch64:fails-1.0 do_rootfs: boom by bb.fatal',
      },
    ])
  })
})

test('of a stack trace the place in the recipe and the exception are left', () => {
  texts('python-task-raises', (errors) => {
    assert.is(errors.length, 1)
    const lines = errors[0]!.split('\n')
    assert.match(lines[0]!, 'fails-1.0 do_rootfs: Error executing a python function')
    assert.equal(lines.slice(1), [
      "File: '/work-dir/meta-hello/recipes/fails.bb', lineno: 3, function: do_rootfs",
      "Exception: KeyError: 'boom by raise'",
    ])
  })
})

test('of a longer stack trace the innermost place in the metadata is left', () => {
  const transcript = new Transcript()
  for (const line of [
    'ERROR: r-1.0 do_x: Error executing a python function in exec_func_python() autogenerated:',
    '',
    'The stack trace of python calls that resulted in this exception/failure was:',
    "File: 'exec_func_python() autogenerated', lineno: 2, function: <module>",
    '     0001:',
    "File: '/meta/recipes/r.bb', lineno: 30, function: do_x",
    ' *** 0030:    helper(d)',
    "File: '/meta/classes/helper.bbclass', lineno: 7, function: helper",
    "File: '/usr/lib/python3.11/subprocess.py', lineno: 571, function: run",
    "Exception: subprocess.CalledProcessError: Command 'false' returned non-zero exit status 1.",
  ]) {
    transcript.line(line, 'stderr')
  }
  transcript.end()
  assert.equal(transcript.errors[0]!.text.split('\n').slice(1), [
    "File: '/meta/classes/helper.bbclass', lineno: 7, function: helper",
    "Exception: subprocess.CalledProcessError: Command 'false' returned non-zero exit status 1.",
  ])
})

test('errors in configuration files are one line with file and line number', () => {
  texts('local-conf-parse-error', (errors) => {
    assert.equal(errors, ["ParseError at /work-dir/build/conf/local.conf:2: unparsed line: 'this is no assignment'"])
  })
  texts('multiconfig-file-missing', (errors) => {
    assert.is(errors.length, 1)
    assert.match(
      errors[0]!,
      /^ParseError at \/work-dir\/meta-hello\/conf\/bitbake\.conf:\d+: Could not include required file conf\/multiconfig\/container-armv7\.conf$/,
    )
  })
})

test('errors in recipes say file, line and cause', () => {
  texts('recipe-parse-error', (errors) => {
    assert.is(
      errors[0],
      "ParseError at /work-dir/meta-hello/recipes/broken.bb:2: unparsed line: 'this is no assignment'",
    )
  })
  texts('class-missing', (errors) => {
    assert.match(errors[0]!, /broken\.bb:2: Could not inherit file classes\/no-such-class\.bbclass$/)
  })
  texts('expansion-error', (errors) => {
    assert.equal(errors[0]!.split('\n'), [
      'ExpansionError during parsing /work-dir/meta-hello/recipes/broken.bb',
      "ExpansionError: Failure expanding variable OCI_IMAGE_ARCH, expression was ${@no_such_name} which triggered exception NameError: name 'no_such_name' is not defined",
      'The variable dependency chain for the failure is: OCI_IMAGE_ARCH',
    ])
  })
})

test('a message in many lines ends somewhere', () => {
  const transcript = new Transcript()
  transcript.line('ERROR: Unable to start bitbake server (None)', 'stdout')
  for (let line = 0; line < 1000; line++) transcript.line(`line ${line}`, 'stdout')
  transcript.end()
  const [error] = transcript.errors
  assert.ok(error!.text.split('\n').length <= 12)
  assert.match(error!.text, 'Unable to start bitbake server')
})

test('what a task prints is no message of BitBake', () => {
  const transcript = new Transcript()
  for (const line of [
    "| NOTE: Tasks Summary: Attempted 1 tasks of which 1 didn't need to be rerun and all succeeded.",
    '| NOTE: Running task 3 of 5 (/r.bb:do_x)',
    '| WARNING: of the compiler',
    '| ERROR: of the compiler',
  ]) {
    assert.is(transcript.line(line, 'stdout'), undefined)
  }
  transcript.end()
  assert.equal([transcript.summary, transcript.warnings, transcript.errors], [undefined, 0, []])
})

test('warnings are kept once, with who said them; what was forced is told apart', () => {
  everywhere('warnings', (recorded, order) => {
    const [transcript] = read(recorded, order)
    assert.equal(
      [...transcript.warningTexts].toSorted(),
      [
        '/work-dir/meta-hello/recipes/warns.bb: a warning while parsing',
        'a warning while parsing',
        'container-aarch64: warns-1.0 do_rootfs: a warning of the task',
      ].toSorted(),
    )
    assert.equal([...transcript.tainted], [])
  })
  everywhere('tainted', (recorded, order) => {
    const [transcript] = read(recorded, order)
    assert.equal([...transcript.tainted], ['mc:container-aarch64:hello-container:do_rootfs'])
    assert.equal([transcript.warnings, [...transcript.warningTexts]], [0, []])
  })
})

test.run()
