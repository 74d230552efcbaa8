/**
 * What a kind of program file must be able to do. Interface: BinaryFormat, Loaded.
 */
import type { Kernel } from '../../kernel.ts';
import type { Outcome } from '../../result.ts';
import type { Program } from '../exec-commit.ts';
import type { Task } from '../types.ts';

/** 'started': the task runs the program now. 'again': the program's interpreter was put in its place. */
export type Loaded = { readonly done: 'started' | 'again' };

export interface BinaryFormat {
  readonly name: string;
  /** ENOEXEC: not this format, the next one is tried. */
  load(kernel: Kernel, task: Task, program: Program): Outcome<Loaded>;
}
