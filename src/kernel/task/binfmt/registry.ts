/**
 * Kinds of programs that execve can run, in the order in which they are tried. A new one is a row here.
 *
 * Interface: BINARY_FORMATS.
 */
import { elfFormat } from './elf.ts';
import type { BinaryFormat } from './format.ts';
import { scriptFormat } from './script.ts';

export const BINARY_FORMATS: readonly BinaryFormat[] = [elfFormat, scriptFormat];
