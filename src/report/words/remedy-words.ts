/** The wording of what can be done about a layout: commands that work as they are, from where the user stands. */
import type { LayoutRemedy } from '../../problem/layout-remedy.js'
import { unreachable } from '../../problem/problem.js'
import { quote } from '../../util/shell.js'
import type { Show } from './wording.js'

export function wordRemedy(remedy: LayoutRemedy, show: Show): string {
  // A name that begins with a hyphen would be taken for an option.
  const typed = (file: string): string => quote(show(file).replace(/^-/, './-'))
  switch (remedy.kind) {
    case 'let-read': {
      const [recursive, mode] = remedy.isDirectory ? ['-R ', 'a+rX'] : ['', 'a+r']
      return `as its owner or root: chmod ${recursive}${mode} ${typed(remedy.path)}; or run mab as its owner`
    }
    case 'let-search':
      return `as its owner or root: chmod a+x ${typed(remedy.directory)}; or run mab as its owner`
    case 'system':
      return systemNexts[remedy.code] ?? 'run again; when it stays, look at the messages of the system (dmesg)'
    case 'decompress': {
      const target = remedy.output === undefined ? '' : ` > ${typed(remedy.output)}`
      return `decompress it first: ${remedy.command} ${typed(remedy.file)}${target}`
    }
    case 'convert': {
      const source = `${remedy.transport}:${show(remedy.path)}${remedy.source === undefined ? '' : `:${remedy.source}`}`
      const others = remedy.source === undefined ? '' : ' (the first image; @1 is the second)'
      const target = `oci:${show(`${remedy.path.replace(/\.tar$/, '').replaceAll(':', '-')}-oci`)}`
      const all = remedy.transport === 'dir' ? '--all ' : ''
      return `make a layout of it: skopeo copy ${all}${quote(source)} ${quote(target)}${others}`
    }
    case 'copy':
      return `copy what the links lead to, and name the copy: cp -rL ${typed(remedy.directory)} ${typed(`${remedy.directory}-copy`)}`
    case 'move': {
      const directory = remedy.to.slice(0, remedy.to.lastIndexOf('/'))
      return `put it there: mkdir -p ${typed(directory)} && mv ${typed(remedy.from)} ${typed(remedy.to)}`
    }
    case 'move-unpacked': {
      const unpack = `mkdir -p ${typed(remedy.to.slice(0, remedy.to.lastIndexOf('/')))} && tar -xf ${typed(remedy.archive)} -C ${typed(remedy.directory)}`
      return `unpack it, put the blob there, and name the directory: ${unpack} && mv ${typed(remedy.from)} ${typed(remedy.to)}`
    }
    default:
      return unreachable(remedy)
  }
}

const systemNexts: Readonly<Record<string, string>> = {
  EMFILE: 'allow more open files (ulimit -n 4096), and run again',
  ENFILE: 'the system has no more open files: end programs that hold many, or raise fs.file-max, and run again',
  ENOMEM: 'free memory, and run again',
  EIO: 'check the disk (dmesg says what failed), and run again',
  ESTALE: 'the file was replaced on the network file system: run again when nothing writes there any more',
  ENOENT: 'the file was removed while mab was reading: run again when nothing changes the layout any more',
}
