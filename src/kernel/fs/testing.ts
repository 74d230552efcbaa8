/**
 * For tests of file systems: an image in memory, and kernels whose root is made by mountRoot.
 *
 * Interface: memoryTree, TreeSpec, rootedKernel.
 */
import { S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../abi/file-mode.ts';
import type { Kernel } from '../kernel.ts';
import type { HostFiles } from '../ports.ts';
import { mountRoot, type RootSpec } from '../root.ts';
import { pathPut } from '../vfs/mount.ts';
import { fileKernel } from '../vfs/testing.ts';
import type { ReadonlyTree, TreeAttributes, TreeXattr } from './readonly-tree.ts';

/** A directory as an object; a file as text; others with their mode. `hardlink` names a file that came before it, by its path. */
export type TreeSpec = { readonly [name: string]: TreeSpec | string | SpecialNode };

interface SpecialNode {
  readonly $mode: number;
  readonly text?: string;
  readonly hardlink?: string;
  readonly xattrs?: readonly TreeXattr[];
}

interface Node {
  readonly mode: number;
  readonly content: string;
  readonly xattrs: readonly TreeXattr[];
  readonly parent: number;
  nlink: number;
  readonly names: Map<string, number>;
}

export function memoryTree(spec: TreeSpec): ReadonlyTree & { reads: number } {
  const nodes: Node[] = [];
  const byPath = new Map<string, number>();
  add(spec, 0, '');

  function add(what: TreeSpec | string | SpecialNode, parent: number, path: string): number {
    const special = typeof what === 'object' && '$mode' in what ? (what as SpecialNode) : null;
    if (special?.hardlink !== undefined) {
      const number = byPath.get(special.hardlink)!;
      nodes[number]!.nlink++;
      return number;
    }
    const isDir = typeof what === 'object' && special === null;
    const mode = special?.$mode ?? (isDir ? S_IFDIR | 0o755 : S_IFREG | 0o644);
    const content = typeof what === 'string' ? what : (special?.text ?? '');
    const number =
      nodes.push({ mode, content, xattrs: special?.xattrs ?? [], parent, nlink: isDir ? 2 : 1, names: new Map() }) - 1;
    byPath.set(path, number);
    if (isDir) {
      for (const [name, child] of Object.entries(what as TreeSpec).sort(([a], [b]) => (a < b ? -1 : 1)))
        nodes[number]!.names.set(name, add(child, number, `${path}/${name}`));
    }
    return number;
  }

  return {
    reads: 0,
    inodeCount: nodes.length,
    lookup: (dir, name) => nodes[dir]?.names.get(name) ?? -1,
    children: (dir) => [...nodes[dir]!.names].map(([name, ino]) => ({ name, ino })),
    parent: (dir) => nodes[dir]!.parent,
    attributes(ino): TreeAttributes {
      const { mode, content, nlink } = nodes[ino]!;
      const size = (mode & S_IFMT) === S_IFREG || (mode & S_IFMT) === S_IFLNK ? content.length : 0;
      const isDevice = (mode & S_IFMT) === S_IFCHR;
      return {
        mode,
        uid: 0,
        gid: 0,
        nlink,
        size,
        mtimeSec: 1000,
        mtimeNsec: 5,
        rdevMajor: isDevice ? 1 : 0,
        rdevMinor: isDevice ? 3 : 0,
      };
    },
    readLink: (ino) => ((nodes[ino]!.mode & S_IFMT) === S_IFLNK ? nodes[ino]!.content : ''),
    xattrs: (ino) => nodes[ino]!.xattrs,
    read(ino, fileOffset, into) {
      this.reads++;
      const part = nodes[ino]!.content.slice(fileOffset, fileOffset + into.length);
      for (let i = 0; i < part.length; i++) into[i] = part.charCodeAt(i);
      return part.length;
    },
  };
}

/** A kernel with these ports, whose root is made by mountRoot. */
export function rootedKernel(
  ports: { readonly trees?: readonly ReadonlyTree[]; readonly directories?: readonly HostFiles[] },
  spec: Partial<RootSpec> = {},
  ramPages = 2048,
): Kernel {
  const kernel = fileKernel(ramPages);
  Object.assign(kernel.ports, { trees: ports.trees ?? [], directories: ports.directories ?? [] });
  kernel.stats.syscalls = 0;
  const empty = kernel.rootPath!;
  const mounted = mountRoot(kernel, { lower: { kind: 'tree', index: 0 }, writable: 'memory', volumes: [], ...spec });
  if (mounted !== 0) throw new Error(String(mounted));
  pathPut(kernel, empty);
  return kernel;
}
