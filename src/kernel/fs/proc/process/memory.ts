/**
 * Files that show a process's memory: cmdline, environ, auxv, mem. See proc_pid_cmdline(5), proc_pid_mem(5).
 *
 * Interface: showCmdline, showEnviron, showAuxv, mem.
 */
import { byteStringOf } from '../../../../util/byte-string.ts';
import type { MmId } from '../../../ids.ts';
import type { Kernel } from '../../../kernel.ts';
import { FIRST_PFN, frameOffset, getFrame, PAGE_SIZE, putFrame } from '../../../mm/frames.ts';
import { copyFromUserMm, userPageOffset } from '../../../mm/uaccess.ts';
import type { Outcome } from '../../../result.ts';
import type { Task } from '../../../task/types.ts';
import { copyFromIo, copyToIo } from '../../../vfs/io.ts';
import type { Io } from '../../../vfs/types.ts';
import type { Lines, RawFile, Target } from '../node.ts';

export function showCmdline(kernel: Kernel, target: Target): Lines {
  const mm = kernel.mms.get(target.task.mm);
  if (mm === undefined || mm.argEnd <= mm.argStart) return [];
  const args = textAt(kernel, target.task, mm.argStart, mm.argEnd);
  if (args === '' || args.endsWith('\0')) return [args];
  // Linux: a program that wrote its title over its arguments may have gone on into the environment.
  const end = args.indexOf('\0');
  if (end >= 0) return [args.slice(0, end + 1)];
  const more = textAt(kernel, target.task, mm.argEnd, mm.envEnd);
  const stop = more.indexOf('\0');
  return [args, stop < 0 ? more : more.slice(0, stop + 1)];
}

export function showEnviron(kernel: Kernel, { task }: Target): Lines {
  const mm = kernel.mms.get(task.mm);
  return mm === undefined ? [] : [textAt(kernel, task, mm.envStart, mm.envEnd)];
}

export function showAuxv(kernel: Kernel, { task }: Target): Lines {
  const mm = kernel.mms.get(task.mm);
  return mm === undefined ? [] : [byteStringOf(mm.auxv)];
}

/** As much of [start, end) as can be read. */
function textAt(kernel: Kernel, task: Task, start: number, end: number): string {
  const mm = kernel.mms.get(task.mm)!;
  const length = Math.min(Math.max(0, end - start), MAX_TEXT);
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const step = Math.min(PAGE_SIZE - ((start + done) % PAGE_SIZE), length - done);
    if (copyFromUserMm(kernel, mm, start + done, bytes.subarray(done, done + step)) !== 0) {
      return byteStringOf(bytes, 0, done);
    }
    done += step;
  }
  return byteStringOf(bytes);
}

/** More than arguments and environment together can be. */
const MAX_TEXT = 8 << 20;

/** The memory itself: the position is the address. It stays that of the program that ran at open. */
export const mem: RawFile<Target> = {
  open: (_kernel, { task }) => task.mm,
  read: (kernel, _target, _reader, state, io, pos) => transfer(kernel, state as MmId, io, pos, false),
  write: (kernel, _target, _writer, state, io, pos) => transfer(kernel, state as MmId, io, pos, true),
};

function transfer(kernel: Kernel, id: MmId, io: Io, pos: number, write: boolean): Outcome<number> {
  const mm = kernel.mms.get(id);
  if (mm === undefined) return 0;
  const ram = kernel.machine.ram.u8;
  let done = 0;
  while (io.remaining > 0) {
    const at = userPageOffset(kernel, mm, pos + done, write);
    if (at < 0) return done === 0 ? 'EIO' : done;
    const step = Math.min(PAGE_SIZE - ((pos + done) % PAGE_SIZE), io.remaining);
    const pfn = FIRST_PFN + Math.floor((at - frameOffset(kernel, FIRST_PFN)) / PAGE_SIZE);
    // The other side's page faults may make the kernel take pages away.
    getFrame(kernel, pfn);
    const moved = write ? copyFromIo(kernel, io, ram, at, step) : copyToIo(kernel, io, ram, at, step);
    putFrame(kernel, pfn);
    if (typeof moved === 'string') return done === 0 ? moved : done;
    done += moved;
    if (moved < step) break;
  }
  return done;
}
