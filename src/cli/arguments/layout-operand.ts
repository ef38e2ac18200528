/** How a layout is named on a command line: a path, or as skopeo has it `oci:DIR[:REFERENCE]`, `oci-archive:FILE[:REFERENCE]`. */
import path from 'node:path'
import { exists } from '../../util/fs.js'

export interface LayoutOperand {
  /** As it was typed. */
  readonly file: string
  readonly reference?: string
}

/** For messages. */
export const layoutOperandGrammar = 'LAYOUT, oci:DIR:REFERENCE or oci-archive:FILE:REFERENCE'

/** `[oci:|oci-archive:]PATH[:REFERENCE]`, unless a file has that very name; a reference needs the prefix. */
export function splitLayoutOperand(operand: string, cwd: string): LayoutOperand {
  const isFile = (name: string): boolean => exists(path.resolve(cwd, name))
  const [, plain] = /^oci(?:-archive)?:(.*)$/s.exec(operand) ?? []
  if (plain === undefined || isFile(operand)) return { file: operand }
  const colon = plain.lastIndexOf(':')
  if (colon < 1 || isFile(plain)) return { file: plain }
  return { file: plain.slice(0, colon), reference: plain.slice(colon + 1) }
}

/** Whether the operand leaves out what it names. */
export function isIncomplete({ file, reference }: LayoutOperand): boolean {
  return file === '' || reference === ''
}
