/**
 * FileTree: a root file system while it is being put together.
 *
 * Interface: FileTree, TreeNode, NodeAttributes, S_IF*, defaultAttributes.
 * Invariants:
 * - Paths are byte strings, taken from the root whether or not they begin with '/'; '.' and empty parts fall away and
 *   '..' never leaves the root. Symbolic links in all parts but the last are followed inside the tree, so an entry below
 *   /lib lands in /usr/lib where /lib is a link, and no link can reach outside.
 * - A hard link is the same TreeNode under two names.
 * - File contents stand in the staging as one run (offset, size).
 */
import { S_IFLNK, S_IFREG, S_IFDIR, S_IFIFO } from '../abi/file-mode.ts';
import { concatBytes } from './byte-string.ts';
import type { Staging } from './blob.ts';
import { readFully } from './blob.ts';
import { ImageError } from './image-error.ts';

/** Linux: path_resolution(7) gives up after 40 links. */
const MAX_LINKS = 40;

export interface NodeAttributes {
  /** Permission, set-id and sticky bits, without the type. */
  mode: number;
  uid: number;
  gid: number;
  mtimeSec: number;
  mtimeNsec: number;
  xattrs: Map<string, Uint8Array>;
}

export interface TreeNode extends NodeAttributes {
  /** One of S_IF*. */
  type: number;
  /** Regular files: where the contents stand in the staging. */
  offset: number;
  size: number;
  /** Symbolic links. */
  target: string;
  /** Devices. */
  rdevMajor: number;
  rdevMinor: number;
  /** Directories; empty for all else. */
  children: Map<string, TreeNode>;
}

export function defaultAttributes(mode: number, mtimeSec = 0): NodeAttributes {
  return { mode, uid: 0, gid: 0, mtimeSec, mtimeNsec: 0, xattrs: new Map() };
}

export class FileTree {
  readonly root: TreeNode = makeNode(S_IFDIR, defaultAttributes(0o755));
  readonly staging: Staging;

  constructor(staging: Staging) {
    this.staging = staging;
  }

  /** The node at `path`, following every link (or not the last), or null. */
  find(path: string, followLast = true): TreeNode | null {
    return this.#walk(path, followLast, null)?.node ?? null;
  }

  /** Makes a directory, or gives an existing one (also behind a link) these attributes and keeps what it holds. */
  addDirectory(path: string, attributes: NodeAttributes): TreeNode {
    const place = this.#place(path);
    if (place.name === '') return Object.assign(place.node ?? this.root, attributes);
    const existing = place.parent.children.get(place.name);
    if (existing?.type === S_IFLNK) {
      // dpkg and docker keep a link to a directory where an archive has the directory.
      if (this.find(path)?.type === S_IFDIR) return existing;
    }
    if (existing?.type === S_IFDIR) return Object.assign(existing, attributes);
    return this.#put(place, makeNode(S_IFDIR, attributes));
  }

  /** Takes `size` bytes that stand at `offset` in the staging as a regular file. */
  addStagedFile(path: string, attributes: NodeAttributes, offset: number, size: number): TreeNode {
    return this.#put(this.#place(path), { ...makeNode(S_IFREG, attributes), offset, size });
  }

  addFile(path: string, attributes: NodeAttributes, content: Uint8Array): TreeNode {
    return this.addStagedFile(path, attributes, this.staging.append(content), content.length);
  }

  addSymlink(path: string, attributes: NodeAttributes, target: string): TreeNode {
    return this.#put(this.#place(path), { ...makeNode(S_IFLNK, attributes), mode: 0o777, target });
  }

  addDevice(path: string, attributes: NodeAttributes, type: number, rdevMajor: number, rdevMinor: number): TreeNode {
    return this.#put(this.#place(path), { ...makeNode(type, attributes), rdevMajor, rdevMinor });
  }

  addFifo(path: string, attributes: NodeAttributes): TreeNode {
    return this.#put(this.#place(path), makeNode(S_IFIFO, attributes));
  }

  /** A second name for what `existingPath` names. */
  addHardLink(path: string, existingPath: string): TreeNode {
    const node = this.find(existingPath, false);
    if (node === null) throw new ImageError('bad-format', `Hard link ${path} to ${existingPath}, which is not there.`);
    if (node.type === S_IFDIR)
      throw new ImageError('bad-format', `Hard link ${path} to the directory ${existingPath}.`);
    return this.#put(this.#place(path), node);
  }

  /** Removes a name and, for a directory, all below it. Nothing happens where it is not there. */
  remove(path: string): void {
    const found = this.#walk(path, false, null);
    if (found !== null && found.name !== '') found.parent.children.delete(found.name);
  }

  readFile(path: string): Uint8Array<ArrayBuffer> | null {
    const node = this.find(path);
    return node === null || node.type !== S_IFREG ? null : readFully(this.staging, node.offset, node.size);
  }

  readText(path: string): string | null {
    const bytes = this.readFile(path);
    return bytes === null ? null : new TextDecoder().decode(bytes);
  }

  /** Appends a stream to the staging; returns the run to be given to addStagedFile. */
  async stage(chunks: AsyncIterable<Uint8Array>): Promise<{ offset: number; size: number }> {
    const offset = this.staging.size;
    let size = 0;
    for await (const chunk of chunks) {
      this.staging.append(chunk);
      size += chunk.length;
    }
    return { offset, size };
  }

  #put(place: Place, node: TreeNode): TreeNode {
    if (place.name === '')
      throw new ImageError('bad-format', 'A path that ends in a directory itself can only be a directory.');
    // Linux file systems keep directory order apart from age; a replaced name takes its place anew.
    place.parent.children.set(place.name, node);
    return node;
  }

  /** Where `path` would stand, with directories made on the way. */
  #place(path: string): Place {
    const place = this.#walk(path, false, defaultAttributes(0o755));
    if (place === null) throw new ImageError('bad-format', `${path} goes through something that is not a directory.`);
    return place;
  }

  #walk(path: string, followLast: boolean, makeParents: NodeAttributes | null): Place | null {
    const pending = splitPath(path).reverse();
    const above: TreeNode[] = [];
    let current = this.root;
    let linksLeft = MAX_LINKS;
    let name = '';
    while (pending.length > 0) {
      const part = pending.pop()!;
      if (part === '..') {
        current = above.pop() ?? this.root;
        name = '';
        continue;
      }
      const isLast = pending.length === 0;
      let next = current.children.get(part);
      if (next?.type === S_IFLNK && (!isLast || followLast)) {
        if (linksLeft-- === 0) return null;
        if (next.target.startsWith('/')) {
          current = this.root;
          above.length = 0;
        }
        pending.push(...splitPath(next.target).reverse());
        name = '';
        continue;
      }
      if (isLast) return { parent: current, name: part, node: next ?? null };
      if (next === undefined && makeParents !== null) {
        next = makeNode(S_IFDIR, { ...makeParents, xattrs: new Map() });
        current.children.set(part, next);
      }
      if (next?.type !== S_IFDIR) return null;
      above.push(current);
      current = next;
    }
    return { parent: current, name, node: current };
  }
}

interface Place {
  parent: TreeNode;
  /** '' where the path ended on a directory itself ('/', 'a/..'), which `node` then is. */
  name: string;
  node: TreeNode | null;
}

/** Parts of a path without the empty ones and '.'. */
export function splitPath(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function makeNode(type: number, attributes: NodeAttributes): TreeNode {
  return { ...attributes, type, offset: 0, size: 0, target: '', rdevMajor: 0, rdevMinor: 0, children: new Map() };
}

/** All bytes of a stream. For small ones: manifests, control files. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concatBytes(parts);
}
