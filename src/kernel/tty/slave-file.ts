/**
 * Open files of a pty's slave that no path was walked for: TIOCGPTPEER and the host's terminals.
 *
 * Interface: openSlaveFile.
 * The file gets the place of its node in /dev/pts, if that is mounted, so that ttyname(3) finds it.
 */
import { makedev, S_IFCHR } from '../../abi/file-mode.ts';
import { devptsPlace } from '../fs/devpts.ts';
import type { Kernel } from '../kernel.ts';
import type { Cred } from '../task/types.ts';
import { createFile } from '../vfs/file.ts';
import { inodeGet } from '../vfs/inode.ts';
import { inodeAt } from '../vfs/path.ts';
import { anonInode } from '../vfs/super.ts';
import type { OpenFile } from '../vfs/types.ts';
import type { Tty, TtyFile } from './types.ts';

const PTS_MAJOR = 136;

/** One reference. The open was counted in tty.slaveOpens by the caller. */
export function openSlaveFile(kernel: Kernel, tty: Tty, flags: number, cred: Cred): OpenFile {
  const data: TtyFile = { tty: tty.id, generation: tty.generation };
  const path = devptsPlace(kernel, tty.index);
  if (path !== null) {
    const inode = inodeGet(inodeAt(kernel, path));
    return createFile(kernel, { kind: 'tty', inode, path, name: '', flags, data, cred });
  }
  const name = `/dev/pts/${tty.index}`;
  const inode = anonInode(kernel, name, S_IFCHR | 0o620, tty.uid);
  inode.rdev = makedev(PTS_MAJOR, tty.index);
  return createFile(kernel, { kind: 'tty', inode, path: null, name, flags, data, cred });
}
