/**
 * Unpacks tar entries into a FileTree.
 *
 * Interface: importTar, importLayer, addTarEntry.
 * An OCI layer is a tar with whiteouts: '.wh.NAME' removes NAME of the layers below, '.wh..wh..opq' all of its directory
 * (OCI image specification, layer.md). A whiteout never hides what its own layer brings, in whatever order it stands.
 */
import type { FileTree } from './file-tree.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR } from '../abi/file-mode.ts';
import { splitPath } from './file-tree.ts';
import type { TreeNode } from './file-tree.ts';
import type { TarEntry } from './tar-reader.ts';
import { readTar } from './tar-reader.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/** Unpacks a tar that is not compressed. */
export async function importTar(tree: FileTree, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const entry of readTar(chunks)) await addTarEntry(tree, entry);
}

export async function importLayer(tree: FileTree, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const ofThisLayer = new Set<TreeNode>();
  for await (const entry of readTar(chunks)) {
    const parts = splitPath(entry.name);
    const name = parts.at(-1) ?? '';
    if (!name.startsWith(WHITEOUT)) {
      const node = await addTarEntry(tree, entry);
      if (node !== null) ofThisLayer.add(node);
      continue;
    }
    const directory = tree.find(parts.slice(0, -1).join('/'));
    if (directory?.type !== S_IFDIR) continue;
    if (name === OPAQUE) removeBelow(directory, ofThisLayer);
    else removeUnlessNew(directory, name.slice(WHITEOUT.length), ofThisLayer);
  }
}

export async function addTarEntry(tree: FileTree, entry: TarEntry): Promise<TreeNode | null> {
  const { mode, uid, gid, mtimeSec, mtimeNsec, xattrs } = entry;
  const attributes = { mode, uid, gid, mtimeSec, mtimeNsec, xattrs };
  switch (entry.type) {
    case 'file': {
      const { offset, size } = await tree.stage(entry.body);
      return tree.addStagedFile(entry.name, attributes, offset, size);
    }
    case 'directory':
      return tree.addDirectory(entry.name, attributes);
    case 'symlink':
      return tree.addSymlink(entry.name, attributes, entry.linkName);
    case 'hardlink':
      return tree.addHardLink(entry.name, entry.linkName);
    case 'char':
      return tree.addDevice(entry.name, attributes, S_IFCHR, entry.rdevMajor, entry.rdevMinor);
    case 'block':
      return tree.addDevice(entry.name, attributes, S_IFBLK, entry.rdevMajor, entry.rdevMinor);
    case 'fifo':
      return tree.addFifo(entry.name, attributes);
  }
}

function removeBelow(directory: TreeNode, keep: ReadonlySet<TreeNode>): void {
  for (const name of [...directory.children.keys()]) removeUnlessNew(directory, name, keep);
}

/** Removes a name of a lower layer; of a directory that the layer has too, only what lies below. */
function removeUnlessNew(directory: TreeNode, name: string, keep: ReadonlySet<TreeNode>): void {
  const node = directory.children.get(name);
  if (node === undefined) return;
  if (node.type === S_IFDIR) removeBelow(node, keep);
  if (keep.has(node) || node.children.size > 0) return;
  directory.children.delete(name);
}
