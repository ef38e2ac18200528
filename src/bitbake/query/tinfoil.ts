/** BitBake's own library: how a Python program that uses it begins, and what such a program says on the way. */

/**
 * Defines `Tinfoil`, from the library beside the program that the first argument is on PATH; ends without a word where
 * that is a wrapper, and with 1 where BitBake has said an error. BitBake tells a terminal only how much is parsed, which is minutes: so the events are listened to.
 */
export const tinfoilPrelude = `
import json, os, shutil, sys
program = os.path.realpath(shutil.which(sys.argv[1]) or "")
library = os.path.join(os.path.dirname(os.path.dirname(program)), "lib")
if not os.path.exists(os.path.join(library, "bb", "tinfoil.py")):
    sys.exit()
sys.path.insert(0, library)
import bb.event, bb.tinfoil
class Tinfoil(bb.tinfoil.Tinfoil):
    def run_actions(self, config_params):
        events, last = self.server_connection.events, [0]
        wait = events.waitEvent
        def wait_and_tell(delay):
            event = wait(delay)
            if isinstance(event, bb.event.ParseProgress):
                step = event.current * 20 // max(event.total, 1)
                if step != last[0]:
                    last[0] = step
                    print(f"mab-parsed {event.current} {event.total}", flush=True)
            return event
        events.waitEvent = wait_and_tell
        try:
            super().run_actions(config_params)
        except bb.tinfoil.TinfoilUIException:
            sys.exit(1)
`

/** How far the parsing is. */
export interface Parsed {
  /** Recipe files, each once a multiconfig. */
  readonly done: number
  readonly total: number
}

/** When the line says so. */
export function readParsed(line: string): Parsed | undefined {
  const match = /^mab-parsed (\d+) (\d+)$/.exec(line)
  return match === null ? undefined : { done: Number(match[1]), total: Number(match[2]) }
}
