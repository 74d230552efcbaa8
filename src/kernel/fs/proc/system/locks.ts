/** /proc/locks. Interface: showLocks, lockLine. See proc_locks(5). */
import { major, minor } from '../../../../abi/file-mode.ts';
import type { ByteString } from '../../../../util/byte-string.ts';
import type { Kernel } from '../../../kernel.ts';
import type { FileLock, Inode } from '../../../vfs/types.ts';
import { hex } from '../format.ts';
import type { Lines } from '../node.ts';

const KINDS = { posix: 'POSIX ', flock: 'FLOCK ', ofd: 'OFDLCK' } as const;

export function showLocks(kernel: Kernel): Lines {
  const lines: ByteString[] = [];
  for (const inode of kernel.inodes.values()) {
    for (const lock of inode.locks) lines.push(lockLine(kernel, inode, lock, lines.length + 1));
  }
  return lines;
}

export function lockLine(kernel: Kernel, inode: Inode, lock: FileLock, index: number): ByteString {
  const dev = kernel.superBlocks.get(inode.sb)?.dev ?? 0;
  const place = `${hex(major(dev), 2)}:${hex(minor(dev), 2)}:${inode.ino}`;
  const pid = lock.kind === 'ofd' ? -1 : lock.pid;
  const end = lock.end === Infinity ? 'EOF' : lock.end - 1;
  return `${index}: ${KINDS[lock.kind]} ADVISORY  ${lock.exclusive ? 'WRITE' : 'READ '} ${pid} ${place} ${lock.start} ${end}\n`;
}
