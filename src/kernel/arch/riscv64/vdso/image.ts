/**
 * The vDSO as programs see it: an ELF shared object of one page, made once. See vdso(7).
 *
 * Interface: vdsoImage, VdsoImage.
 */
import { assembleVdso } from './code.ts';
import { TEXT_OFFSET, writeSharedObject } from './shared-object.ts';
import { unwindTables } from './unwind.ts';

export interface VdsoImage {
  readonly bytes: Uint8Array;
  /** Where a signal handler returns to; an offset. */
  readonly signalReturn: number;
}

let image: VdsoImage | undefined;

export function vdsoImage(): VdsoImage {
  return (image ??= makeImage());
}

function makeImage(): VdsoImage {
  const { bytes: text, functions, signalReturn } = assembleVdso(TEXT_OFFSET);
  const plain = { start: TEXT_OFFSET, end: signalReturn.start };
  const bytes = writeSharedObject({
    name: 'linux-vdso.so.1',
    version: 'LINUX_4.15',
    text,
    functions,
    unwind: (headerAt) => unwindTables(plain, signalReturn, headerAt),
  });
  return { bytes, signalReturn: functions.find(({ name }) => name === '__vdso_rt_sigreturn')!.address };
}
