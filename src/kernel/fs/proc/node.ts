/**
 * Files whose contents the kernel makes up when they are read: the tables from which procfs and sysfs are built.
 *
 * Interface: FileNode, LinkNode, DirNode, Node, Target, Lines, flatten, file, link, dir.
 * A tree is a constant table of nodes. A node is known by its path in the tree, so that inodes stay plain data; numbered
 * children (fd/3) have '#' for the number in it.
 */
import type { Errno } from '../../../abi/errno.ts';
import type { ByteString } from '../../../util/byte-string.ts';
import type { Kernel } from '../../kernel.ts';
import type { Outcome } from '../../result.ts';
import type { Task, ThreadGroup } from '../../task/types.ts';
import type { Io, OpenFile, PathRef } from '../../vfs/types.ts';

/** Pieces of text, put together as they are. */
export type Lines = readonly ByteString[];

/** What a file below /proc/PID is about. */
export interface Target {
  readonly group: ThreadGroup;
  /** The leader, or the thread in task/TID. */
  readonly task: Task;
  /** False below task/TID: the thread alone. */
  readonly isProcess: boolean;
  /** The descriptor in fd/N and fdinfo/N. */
  readonly number: number;
}

/** `S` is what the tree is about: Target for a process, null for the system. */
export interface FileNode<S> {
  readonly type: 'file';
  readonly mode: number;
  /** The contents, made anew at each read from position 0. */
  show?(kernel: Kernel, subject: S, reader: Task): Lines | Errno;
  /** What was written, at most a page of it. */
  write?(kernel: Kernel, subject: S, writer: Task, text: ByteString): 0 | Errno;
  /** Refuses an open that the mode allows. */
  mayOpen?(kernel: Kernel, subject: S, opener: Task, flags: number): 0 | Errno;
  /** Reads and writes at positions, for files that are no text. `state` is the open file's. */
  raw?: RawFile<S>;
}

export interface RawFile<S> {
  /** What the open file keeps. */
  open?(kernel: Kernel, subject: S): unknown;
  read?(kernel: Kernel, subject: S, reader: Task, state: unknown, io: Io, pos: number, file: OpenFile): Outcome<number>;
  write?(kernel: Kernel, subject: S, writer: Task, state: unknown, io: Io, pos: number): Outcome<number>;
}

export interface LinkNode<S> {
  readonly type: 'link';
  readonly mode: number;
  /** The target; `jump` for magic links that go to a place whatever its name. */
  follow(kernel: Kernel, subject: S, reader: Task): Outcome<{ target: ByteString; jump?: PathRef }>;
}

export interface DirNode<S> {
  readonly type: 'dir';
  readonly mode: number;
  readonly entries: Readonly<Record<string, Node<S>>>;
  /** Numbered children besides the entries: their node, and which there are now, in rising order. */
  readonly numbered?: { readonly node: Node<S>; list(kernel: Kernel, subject: S): number[] };
  /** As FileNode's, for listing and opening. */
  mayOpen?(kernel: Kernel, subject: S, opener: Task, flags: number): 0 | Errno;
}

export type Node<S> = FileNode<S> | LinkNode<S> | DirNode<S>;

export function file<S>(mode: number, show: FileNode<S>['show'], more: Partial<FileNode<S>> = {}): FileNode<S> {
  return { type: 'file', mode, ...(show === undefined ? {} : { show }), ...more };
}

export function link<S>(follow: LinkNode<S>['follow'], mode = 0o777): LinkNode<S> {
  return { type: 'link', mode, follow };
}

export function dir<S>(entries: DirNode<S>['entries'], mode = 0o555, more: Partial<DirNode<S>> = {}): DirNode<S> {
  return { type: 'dir', mode, entries, ...more };
}

/** Component that stands for a number. */
export const NUMBER = '#';

/** All nodes of a tree by path; the root's is ''. The order of the map is fixed, and numbers the nodes. */
export function flatten<S>(root: DirNode<S>): ReadonlyMap<string, Node<S>> {
  const all = new Map<string, Node<S>>();
  const add = (path: string, node: Node<S>): void => {
    all.set(path, node);
    if (node.type !== 'dir') return;
    for (const [name, child] of Object.entries(node.entries)) add(joinPath(path, name), child);
    if (node.numbered !== undefined) add(joinPath(path, NUMBER), node.numbered.node);
  };
  add('', root);
  return all;
}

export function joinPath(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}
