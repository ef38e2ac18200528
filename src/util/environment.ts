/** Which of mab's variables BitBake's metadata may depend on. */

type Environment = Readonly<Record<string, string | undefined>>

/** Variables that BitBake takes from its environment by default, or that OE-core's set-up lets through. */
const relevant = /^(PATH|HOME|USER|BBPATH|MACHINE|DISTRO|TCMODE|TCLIBC|SDKMACHINE|(BB|KAS)_.*)$/

/**
 * What only says how BitBake works and fetches, by the BitBake manual, and what OE-core's set-up lets through besides
 * (BB_ENV_PASSTHROUGH_ADDITIONS_OE): of none of them the content of an image depends.
 */
const aboutWork =
  /^(BB_(SERVER_TIMEOUT|NUMBER_(PARSE_)?THREADS|LOADFACTOR_MAX|PRESSURE_MAX_\w+|(TASK_)?(NICE|IONICE)_LEVEL|SCHEDULER|CONSOLELOG|LOGCONFIG|DEFAULT_EVENTLOG|VERBOSE_LOGS|HEARTBEAT_EVENT|DISKMON_\w+)|PARALLEL_MAKE|SSH_(AUTH_SOCK|AGENT_PID)|SCREENDIR|GIT_PROXY_COMMAND|(all|ftp|http|https|no)_proxy)$/i

/** Whether the content of an image may depend on the variable. */
export function reachesImage(name: string): boolean {
  return !aboutWork.test(name)
}

/** @param declared BB_ENV_PASSTHROUGH_ADDITIONS of the config */
export function bitbakeVariables(environment: Environment, declared = ''): Record<string, string | undefined> {
  const passed = `${environment['BB_ENV_PASSTHROUGH_ADDITIONS'] ?? ''} ${declared}`.split(/\s+/)
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => (relevant.test(name) || passed.includes(name)) && reachesImage(name),
    ),
  )
}
