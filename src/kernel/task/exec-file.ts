/**
 * Program files: opening one for execution and reading from it through the page cache.
 *
 * Interface: openProgram, closeProgram, readAt, headOf, ProgramFile.
 */
import { isRegular, isSymlink } from '../../abi/file-mode.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { failed, type Outcome } from '../result.ts';
import { frameOffset, PAGE_SIZE } from '../mm/frames.ts';
import { cachedPage } from '../mm/page-cache.ts';
import { createFile, putFile } from '../vfs/file.ts';
import { allowWrite, denyWrite, inodeGet } from '../vfs/inode.ts';
import { inodeAt, pathPut, walk } from '../vfs/path.ts';
import { MAY_EXEC, permission } from '../vfs/permission.ts';
import type { Inode, OpenFile, PathRef } from '../vfs/types.ts';
import type { Task } from './types.ts';

const { MS_NOEXEC } = MOUNT.values;

/** A file being executed. Writers are kept out while it is held. */
export interface ProgramFile {
  readonly inode: Inode;
  readonly path: PathRef;
  readonly file: OpenFile;
}

/** Opens for execution: regular, executable, on a mount that allows it, and not open for writing. */
export function openProgram(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  name: ByteString,
  follow: boolean,
  emptyPath: boolean,
): Outcome<ProgramFile> {
  const path = walk(kernel, task, dirfd, name, { follow, emptyPath });
  if (failed(path)) return path;
  const inode = inodeAt(kernel, path);
  const refused = checkExecutable(kernel, task, path, inode);
  if (refused !== 0) {
    pathPut(kernel, path);
    return refused;
  }
  inodeGet(inode);
  const file = createFile(kernel, { kind: 'regular', inode, path, name: '', flags: 0, data: null, cred: task.cred });
  return { inode, path, file };
}

/** Gives back what openProgram took. */
export function closeProgram(kernel: Kernel, program: ProgramFile): void {
  allowWrite(program.inode);
  putFile(kernel, program.file);
}

/** Where the first bytes of the file lie in RAM: `length` of them, at most a page. Valid until something is allocated. */
export function headOf(kernel: Kernel, inode: Inode): Outcome<{ at: number; length: number }> {
  if (inode.size === 0) return { at: 0, length: 0 };
  const page = cachedPage(kernel, inode, 0);
  if (failed(page)) return page;
  return { at: frameOffset(kernel, page), length: Math.min(inode.size, PAGE_SIZE) };
}

/** Copies `length` bytes from `position`. EIO if the file ends before. */
export function readAt(kernel: Kernel, inode: Inode, position: number, length: number): Outcome<Uint8Array> {
  if (!(position >= 0) || position + length > inode.size) return 'EIO';
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const at = position + done;
    const index = Math.floor(at / PAGE_SIZE);
    const page = cachedPage(kernel, inode, index);
    if (failed(page)) return page;
    const skip = at - index * PAGE_SIZE;
    const count = Math.min(PAGE_SIZE - skip, length - done);
    const from = frameOffset(kernel, page) + skip;
    bytes.set(kernel.machine.ram.u8.subarray(from, from + count), done);
    done += count;
  }
  return bytes;
}

function checkExecutable(kernel: Kernel, task: Task, path: PathRef, inode: Inode) {
  if (isSymlink(inode.mode)) return 'ELOOP';
  if (!isRegular(inode.mode)) return 'EACCES';
  if ((kernel.mounts.get(path.mount)!.flags & MS_NOEXEC) !== 0) return 'EACCES';
  const allowed = permission(kernel, task.cred, inode, MAY_EXEC);
  return allowed === 0 ? denyWrite(inode) : allowed;
}
