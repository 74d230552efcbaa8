/**
 * /proc/PID/fd and fdinfo, and the other links of a process: exe, cwd, root, ns. See proc_pid_fd(5), proc_pid_fdinfo(5).
 *
 * Interface: listFds, fdLink, showFdinfo, exeLink, cwdLink, rootLink, namespaceLinks.
 */
import { OPEN } from '../../../../abi/flags/open.ts';
import type { ByteString } from '../../../../util/byte-string.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Outcome } from '../../../result.ts';
import type { FdEntry, Task } from '../../../task/types.ts';
import { filePlace } from '../../../vfs/file.ts';
import { inodeOf } from '../../../vfs/inode.ts';
import { pathName } from '../../../vfs/path-name.ts';
import { opsOf } from '../../../vfs/registry.ts';
import type { PathRef } from '../../../vfs/types.ts';
import { NAMESPACES, namespacePlace, type NamespaceKind } from '../../nsfs.ts';
import { mayInspect } from '../../../task/access.ts';
import { link, type Lines, type LinkNode, type Target } from '../node.ts';
import { lockLine } from '../system/locks.ts';

const { O_CLOEXEC } = OPEN.values;

export function listFds(kernel: Kernel, { task }: Target): number[] {
  const fds = kernel.fdTables.get(task.files)?.fds ?? [];
  const used: number[] = [];
  for (let fd = 0; fd < fds.length; fd++) if (fds[fd] !== null) used.push(fd);
  return used;
}

export const fdLink = link<Target>((kernel, { task, number }, reader) => {
  if (!mayInspect(kernel, reader, task, 'files')) return 'EACCES';
  const entry = entryOf(kernel, task, number);
  const file = entry === undefined ? undefined : kernel.files.get(entry.file);
  if (file === undefined) return 'ENOENT';
  const target = file.path === null ? file.name : pathName(kernel, reader, file.path).path;
  return { target, jump: filePlace(kernel, file) };
}, 0o700);

export function showFdinfo(kernel: Kernel, { task, number }: Target): Lines | 'ENOENT' {
  const entry = entryOf(kernel, task, number);
  const file = entry === undefined ? undefined : kernel.files.get(entry.file);
  if (entry === undefined || file === undefined) return 'ENOENT';
  const inode = inodeOf(kernel, file.inode);
  const flags = file.flags | (entry.closeOnExec ? O_CLOEXEC : 0);
  const locks = inode.locks
    .filter((lock) => (lock.kind === 'posix' ? lock.owner === task.tgid : lock.owner === file.id))
    .map((lock, index) => `lock:\t${lockLine(kernel, inode, lock, index + 1)}`);
  const own = opsOf(file).fdinfo?.(kernel, file) ?? [];
  return [
    `pos:\t${file.pos}\n`,
    `flags:\t0${flags.toString(8)}\n`,
    `mnt_id:\t${file.path?.mount ?? 0}\n`,
    `ino:\t${inode.ino}\n`,
    ...locks,
    ...own.map((line) => (line.endsWith('\n') ? line : `${line}\n`)),
  ];
}

function entryOf(kernel: Kernel, task: Task, fd: number): FdEntry | undefined {
  return kernel.fdTables.get(task.files)?.fds[fd] ?? undefined;
}

export const exeLink = link<Target>((kernel, { task }, reader) => {
  if (!mayInspect(kernel, reader, task, 'files')) return 'EACCES';
  return jumpTo(kernel, reader, kernel.mms.get(task.mm)?.exe);
});

export const cwdLink = link<Target>((kernel, { task }, reader) => {
  if (!mayInspect(kernel, reader, task, 'files')) return 'EACCES';
  return jumpTo(kernel, reader, kernel.fsContexts.get(task.fs)?.cwd);
});

export const rootLink = link<Target>((kernel, { task }, reader) => {
  if (!mayInspect(kernel, reader, task, 'files')) return 'EACCES';
  return jumpTo(kernel, reader, kernel.fsContexts.get(task.fs)?.root);
});

function jumpTo(
  kernel: Kernel,
  reader: Task,
  place: PathRef | null | undefined,
): Outcome<{ target: ByteString; jump: PathRef }> {
  if (place === null || place === undefined) return 'ENOENT';
  return { target: pathName(kernel, reader, place).path, jump: place };
}

/** The links in ns/: a `_for_children` link names the same kind. */
const NAMESPACE_LINKS: readonly string[] = [...Object.keys(NAMESPACES), 'pid_for_children', 'time_for_children'].sort();

export const namespaceLinks = Object.fromEntries(
  NAMESPACE_LINKS.map((name) => [name, namespaceLink(name.replace('_for_children', '') as NamespaceKind)]),
);

function namespaceLink(kind: NamespaceKind): LinkNode<Target> {
  return link((kernel, { task }, reader) => {
    if (!mayInspect(kernel, reader, task, 'files')) return 'EACCES';
    return { target: `${kind}:[${NAMESPACES[kind]}]`, jump: namespacePlace(kernel, kind) };
  });
}
