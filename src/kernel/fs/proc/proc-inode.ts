/**
 * Inodes of generated trees: made when a name is looked up, found again while they live, bound to what they are about.
 *
 * Interface: NodeInode, Bound, bind, nodeInode, refreshInode, forgetNodeInode, nodeIno, treeSuper.
 * Invariants: the super block's map has each inode of it by number, so that a node has one inode at a time. Numbers are a function of
 * what the inode is about: a directory can list them without making inodes. Inodes of a process that is gone are dropped by a
 * sweep that runs every so many new inodes, unless somebody still holds them.
 */
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../../abi/file-mode.ts';
import type { InodeId, SuperBlockId, Tid } from '../../ids.ts';
import type { Kernel } from '../../kernel.ts';
import { dentryInode, unhash } from '../../vfs/dentry.ts';
import { createInode, inodeGet, inodeOf, inodePut } from '../../vfs/inode.ts';
import { createSuperBlock, setSuperRoot } from '../../vfs/super.ts';
import type { Dentry, Inode, SuperBlock } from '../../vfs/types.ts';
import { dumpOwner } from './access.ts';
import type { DirNode, Node, Target } from './node.ts';
import { TREES, type TreeName } from './trees.ts';

/** What such an inode keeps. */
export interface NodeInode {
  readonly tree: TreeName;
  /** The node in its tree. */
  readonly path: string;
  /** 0 for the system's files. */
  readonly tgid: Tid;
  /** The thread; tgid when it is about the whole process. */
  readonly tid: Tid;
  /** Tells a process from a later one with its number. */
  readonly startedNs: number;
  /** Of a numbered node. */
  readonly number: number;
}

interface NodeSuper {
  readonly inodes: Map<number, InodeId>;
  /** New inodes until the next sweep. */
  untilSweep: number;
}

/** An inode's node with its subject. */
export interface Bound {
  readonly node: Node<unknown>;
  readonly subject: Target | null;
  readonly data: NodeInode;
}

const SWEEP_EVERY = 512;
const SYMLINK_SIZE_OF_FD = 64;
const TYPE_BITS = { file: S_IFREG, link: S_IFLNK, dir: S_IFDIR } as const;
/** Layout of inode numbers: the thread, whether it is below task/, the node, the descriptor. */
const PER_TASK = 2 ** 31;
const THREAD = 2 ** 30;
const PER_NODE = 2 ** 21;

/** A mounted tree with its root directory. */
export function treeSuper(kernel: Kernel, type: string, magic: number, tree: TreeName, options: string): SuperBlockId {
  const data: NodeSuper = { inodes: new Map(), untilSweep: SWEEP_EVERY };
  const sb = createSuperBlock(kernel, type, magic, { options, data });
  const about: NodeInode = { tree, path: '', tgid: 0, tid: 0, startedNs: 0, number: 0 };
  setSuperRoot(kernel, sb, nodeInode(kernel, sb, about)!);
  return sb.id;
}

/** What an inode is about now. ESRCH: a process that is gone; ENOENT: a descriptor that is closed. */
export function bind(kernel: Kernel, inode: Inode): Bound | 'ESRCH' {
  const data = inode.data as NodeInode;
  const node = TREES[data.tree].get(data.path);
  if (node === undefined) return 'ESRCH';
  if (data.tgid === 0) return { node, subject: null, data };
  const subject = targetOf(kernel, data);
  return subject === undefined ? 'ESRCH' : { node, subject, data };
}

/** The inode for `about` with a reference for the caller; undefined if there is no such process. */
export function nodeInode(kernel: Kernel, sb: SuperBlock, about: NodeInode): Inode | undefined {
  const node = TREES[about.tree].get(about.path)!;
  if (about.tgid !== 0 && targetOf(kernel, about) === undefined) return undefined;
  const state = sb.data as NodeSuper;
  const ino = nodeIno(about);
  const known = state.inodes.get(ino);
  if (known !== undefined) {
    const inode = inodeOf(kernel, known);
    if ((inode.data as NodeInode).startedNs === about.startedNs) {
      refreshInode(kernel, inode);
      return inodeGet(inode);
    }
  }
  if (about.tgid !== 0 && --state.untilSweep <= 0) {
    state.untilSweep = SWEEP_EVERY;
    sweepDead(kernel, sb);
  }
  const inode = createInode(kernel, sb, { mode: TYPE_BITS[node.type] | node.mode, ino, data: about });
  state.inodes.set(ino, inode.id);
  refreshInode(kernel, inode);
  return inode;
}

/** Brings owner, mode, links and size up to date. */
export function refreshInode(kernel: Kernel, inode: Inode): void {
  const bound = bind(kernel, inode);
  if (typeof bound === 'string') return;
  const { node, subject, data } = bound;
  if (data.tree === 'system' && data.path === '') inode.nlink = 2 + subdirectories(node) + kernel.groups.size;
  else if (node.type === 'dir') inode.nlink = 2 + subdirectories(node);
  if (subject === null) return;
  if (node.type === 'dir' && data.path === 'task') inode.nlink = 2 + subject.group.threads.length;
  if (node.type === 'dir' && data.path === 'fd') inode.size = node.numbered!.list(kernel, subject).length;
  if (data.path === 'fd/#') refreshDescriptor(kernel, inode, subject);
  const owner = dumpOwner(kernel, subject.task, inode.mode);
  inode.uid = owner.uid;
  inode.gid = owner.gid;
}

/** For evict: the super block forgets an inode. */
export function forgetNodeInode(kernel: Kernel, inode: Inode): void {
  const state = kernel.superBlocks.get(inode.sb)!.data as NodeSuper;
  if (state.inodes.get(inode.ino) === inode.id) state.inodes.delete(inode.ino);
}

/** st_ino. */
export function nodeIno({ tree, path, tid, number }: NodeInode): number {
  const index = indexOf(tree, path);
  if (tid === 0) return index + 1;
  return tid * PER_TASK + (tree === 'thread' ? THREAD : 0) + (index % 512) * PER_NODE + number;
}

/** Drops the names and inodes of processes that are gone. */
function sweepDead(kernel: Kernel, sb: SuperBlock): void {
  const root = kernel.dentries.get(sb.root);
  if (root !== undefined) for (const id of [...root.children.values()]) dropIfDead(kernel, kernel.dentries.get(id)!);
  for (const id of [...(sb.data as NodeSuper).inodes.values()]) {
    const inode = inodeOf(kernel, id);
    if (inode.refs > 0 || typeof bind(kernel, inode) !== 'string') continue;
    inode.nlink = 0;
    inodePut(kernel, inodeGet(inode));
  }
}

function dropIfDead(kernel: Kernel, dentry: Dentry): void {
  if (dentry.inode !== 0 && typeof bind(kernel, dentryInode(kernel, dentry)) !== 'string') return;
  dropUnused(kernel, dentry);
}

/** Takes the unused names at and below a dentry out of the cache, leaves first. */
function dropUnused(kernel: Kernel, dentry: Dentry): void {
  for (const id of [...dentry.children.values()]) dropUnused(kernel, kernel.dentries.get(id)!);
  if (dentry.refs <= 0) unhash(kernel, dentry);
}

function targetOf(kernel: Kernel, { tree, tgid, tid, startedNs, number }: NodeInode): Target | undefined {
  const group = kernel.groups.get(tgid);
  const isProcess = tree !== 'thread';
  const task = kernel.tasks.get(isProcess ? (group?.leader ?? 0) : tid);
  if (group === undefined || task === undefined || task.tgid !== tgid) return undefined;
  if ((isProcess ? group.startTimeNs : task.startTimeNs) !== startedNs) return undefined;
  return { group, task, isProcess, number };
}

/** Linux: the mode of fd/N tells how the descriptor is open. */
function refreshDescriptor(kernel: Kernel, inode: Inode, { task, number }: Target): void {
  const entry = kernel.fdTables.get(task.files)?.fds[number] ?? null;
  const file = entry === null ? undefined : kernel.files.get(entry.file);
  inode.mode = S_IFLNK | (file?.readable === true ? 0o500 : 0) | (file?.writable === true ? 0o300 : 0);
  inode.size = SYMLINK_SIZE_OF_FD;
}

function subdirectories(node: Node<unknown>): number {
  return Object.values((node as DirNode<unknown>).entries).filter((entry) => entry.type === 'dir').length;
}

/** Position of each node in its tree. */
const INDICES = new Map<TreeName, Map<string, number>>();

function indexOf(tree: TreeName, path: string): number {
  let indices = INDICES.get(tree);
  if (indices === undefined) {
    indices = new Map([...TREES[tree].keys()].map((key, index) => [key, index]));
    INDICES.set(tree, indices);
  }
  return indices.get(path)!;
}
