/**
 * A file system over a tree of generated files: what procfs and sysfs have in common.
 *
 * Interface: treeFileSystem, TreeOptions.
 * Positions in a directory: the fixed entries come first, from 2 on; then numbered ones, whose position is a function of their
 * number, so that listings stay right while processes and descriptors come and go.
 */
import { direntType, S_IFDIR, S_IFLNK, S_IFREG } from '../../../abi/file-mode.ts';
import type { Errno } from '../../../abi/errno.ts';
import type { ByteString } from '../../../util/byte-string.ts';
import type { Kernel } from '../../kernel.ts';
import type { Outcome } from '../../result.ts';
import type { Task } from '../../task/types.ts';
import type { DirSink, FileSystemType, Inode, SetAttr } from '../../vfs/types.ts';
import { type DirNode, joinPath, type Node, NUMBER } from './node.ts';
import {
  bind,
  type Bound,
  forgetNodeInode,
  nodeIno,
  type NodeInode,
  nodeInode,
  refreshInode,
  treeSuper,
} from './proc-inode.ts';
import type { GeneratedFile } from './proc-file.ts';
import type { TreeName } from './trees.ts';

export interface TreeOptions {
  readonly name: string;
  readonly tree: TreeName;
  readonly magic: number;
  /** Whether mount(2) may give this option ('hidepid=0'). */
  acceptsOption(option: ByteString): boolean;
}

const FIRST_POS = 2;
const FIRST_NUMBERED_POS = 1024;
const DIRENT_TYPES = { dir: direntType(S_IFDIR), link: direntType(S_IFLNK), file: direntType(S_IFREG) } as const;

export function treeFileSystem({ name, tree, magic, acceptsOption }: TreeOptions): FileSystemType {
  return {
    name,
    needsDevice: false,
    cacheNames: false,
    mount(kernel, _source, _flags, data) {
      const options = data.split(',').filter((option) => option !== '');
      return options.every(acceptsOption) ? treeSuper(kernel, name, magic, tree, options.join(',')) : 'EINVAL';
    },
    lookup,
    // Linux: procfs has no names that are not there yet, so making one ends at looking it up; other trees only have no way to make it.
    ...(name === 'proc' ? { create: () => 'ENOENT', symlink: () => 'ENOENT' } : {}),
    readdir,
    readlink(kernel, inode, task) {
      const bound = bind(kernel, inode);
      if (typeof bound === 'string') return 'ENOENT';
      return bound.node.type === 'link' ? bound.node.follow(kernel, bound.subject, task) : 'EINVAL';
    },
    refresh(kernel, inode) {
      if (typeof bind(kernel, inode) !== 'string') refreshInode(kernel, inode);
      else if ((inode.data as NodeInode).tgid !== 0) return 'ESRCH';
      return 0;
    },
    // O_TRUNC is let through, so that a shell's redirection can write.
    setattr: (_kernel, _inode, attr: SetAttr) => ((attr.mode ?? attr.uid ?? attr.gid) === undefined ? 0 : 'EPERM'),
    open: openNode,
    evict: forgetNodeInode,
    statfs: () => ({ blockSize: 4096, blocks: 0, blocksFree: 0, files: 0, filesFree: 0, nameMax: 255 }),
  };
}

function lookup(kernel: Kernel, dir: Inode, name: ByteString): Outcome<number> {
  const bound = bindDirectory(kernel, dir);
  if (typeof bound === 'string') return 'ENOENT';
  const about = childNamed(kernel, bound, name);
  const inode = about === undefined ? undefined : nodeInode(kernel, kernel.superBlocks.get(dir.sb)!, about);
  if (inode === undefined) return 'ENOENT';
  lendToItself(kernel, inode);
  return inode.id;
}

/** Linux: a process may always go through its own descriptors, also when it is not dumpable and root owns the directory. */
function lendToItself(kernel: Kernel, inode: Inode): void {
  const { path, tgid } = inode.data as NodeInode;
  const current = kernel.tasks.get(kernel.current);
  if (path === 'fd' && current?.tgid === tgid) inode.uid = current.cred.fsuid;
}

function readdir(kernel: Kernel, dir: Inode, pos: number, sink: DirSink): Outcome<0> {
  const bound = bindDirectory(kernel, dir);
  if (typeof bound === 'string') return 'ENOENT';
  const { node, data } = bound;
  const names = Object.keys(node.entries);
  for (let i = pos - FIRST_POS; i < names.length; i++) {
    const name = names[i]!;
    const child = node.entries[name]!;
    const ino = nodeIno({ ...data, path: joinPath(data.path, name) });
    if (!sink(name, ino, DIRENT_TYPES[child.type], FIRST_POS + i + 1)) return 0;
  }
  if (node.numbered === undefined) return 0;
  const type = DIRENT_TYPES[node.numbered.node.type];
  for (const number of node.numbered.list(kernel, bound.subject)) {
    const at = FIRST_NUMBERED_POS + number;
    if (at < pos) continue;
    const about = childNumbered(kernel, bound, number);
    if (about !== undefined && !sink(String(number), nodeIno(about), type, at + 1)) return 0;
  }
  return 0;
}

function openNode(
  kernel: Kernel,
  inode: Inode,
  flags: number,
  task: Task,
): Outcome<{ kind: 'proc'; data: GeneratedFile } | null> {
  const bound = bind(kernel, inode);
  if (typeof bound === 'string') return (inode.data as NodeInode).path === '' ? 'ENOENT' : bound;
  const { node, subject } = bound;
  if (node.type === 'link') return 'ELOOP';
  const refused: 0 | Errno = node.mayOpen?.(kernel, subject, task, flags) ?? 0;
  if (refused !== 0) return refused;
  if (node.type === 'dir') return null;
  return { kind: 'proc', data: { bytes: null, state: node.raw?.open?.(kernel, subject) ?? null } };
}

type BoundDirectory = Bound & { readonly node: DirNode<unknown> };

function bindDirectory(kernel: Kernel, dir: Inode): BoundDirectory | 'ESRCH' | 'ENOTDIR' {
  const bound = bind(kernel, dir);
  if (typeof bound === 'string') return bound;
  return isDirectoryNode(bound.node) ? { ...bound, node: bound.node } : 'ENOTDIR';
}

function isDirectoryNode(node: Node<unknown>): node is DirNode<unknown> {
  return node.type === 'dir';
}

function childNamed(kernel: Kernel, bound: BoundDirectory, name: ByteString): NodeInode | undefined {
  const { node, data } = bound;
  if (Object.hasOwn(node.entries, name)) return { ...data, path: joinPath(data.path, name) };
  if (node.numbered === undefined || !/^(0|[1-9][0-9]{0,9})$/.test(name)) return undefined;
  return childNumbered(kernel, bound, Number(name));
}

/** What a numbered child is about: a process below the root, a thread below task/, else a node with a number. */
function childNumbered(kernel: Kernel, { node, data, subject }: BoundDirectory, number: number): NodeInode | undefined {
  if (data.tree === 'system' && data.path === '') {
    const task = kernel.tasks.get(number);
    // Linux: the number of any thread leads to its process's directory, though only leaders are listed.
    const group = task === undefined ? undefined : kernel.groups.get(task.tgid);
    if (group === undefined) return undefined;
    return processRoot(group.tgid, group.startTimeNs);
  }
  if (data.tree === 'process' && data.path === 'task') {
    const task = kernel.tasks.get(number);
    if (task?.tgid !== data.tgid) return undefined;
    return { ...data, tree: 'thread', path: '', tid: number, startedNs: task.startTimeNs };
  }
  const there = node.numbered!.list(kernel, subject).includes(number);
  return there ? { ...data, path: joinPath(data.path, NUMBER), number } : undefined;
}

function processRoot(tgid: number, startedNs: number): NodeInode {
  return { tree: 'process', path: '', tgid, tid: tgid, startedNs, number: 0 };
}
