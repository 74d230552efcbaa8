/**
 * Imports root file systems from the host: a tar (plain, gzip, xz, zstd) from a file or standard input, an OCI image
 * layout as a directory or in a tar, an archive of `docker save`, or a directory.
 *
 * Interface: importArchive, ImportOptions, isLayoutDirectory.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decompress } from './decompress.ts';
import { importDirectory } from './directory-node.ts';
import { FileTree } from './file-tree.ts';
import { fileChunks, naming } from './files-node.ts';
import { ImageError } from './image-error.ts';
import type { OciFiles, OciOptions } from './oci.ts';
import { importOci, isOciLayout, treeFiles } from './oci.ts';
import type { WriteImageOptions } from './rfi-writer.ts';
import { newNodeSha256 } from './sha256-node.ts';
import { importTar } from './tar-import.ts';

export interface ImportOptions {
  /** Of an image for several: 'riscv64', 'amd64', 'i386'. Recorded for a plain tar. */
  readonly architecture?: string;
  /** Tag of an image, where an archive has several. */
  readonly reference?: string;
  readonly onProgress?: (progress: { phase: 'read' | 'layers' | 'write'; done: number; total: number }) => void;
}

export async function importArchive(
  tree: FileTree,
  source: string,
  options: ImportOptions = {},
): Promise<WriteImageOptions> {
  const progress = options.onProgress ?? (() => {});
  const onProgress = (done: number, total: number): void => progress({ phase: 'write', done, total });
  const ociOptions: OciOptions = {
    newHasher: newNodeSha256,
    onProgress: (done, total) => progress({ phase: 'layers', done, total }),
    ...(options.architecture === undefined ? {} : { architecture: options.architecture }),
    ...(options.reference === undefined ? {} : { reference: options.reference }),
  };
  const ownMeta = {
    source: source === '-' ? 'standard input' : basename(source),
    ...(options.architecture === undefined ? {} : { architecture: options.architecture }),
  };
  const stats = source === '-' ? undefined : statSync(source, { throwIfNoEntry: false });
  if (source !== '-' && stats === undefined) throw new ImageError('not-found', `${source} is not there.`);
  if (stats?.isDirectory()) {
    if (isLayoutDirectory(source)) {
      return { meta: { ...ownMeta, ...(await importOci(tree, directoryFiles(source), ociOptions)) }, onProgress };
    }
    const own = process.getuid?.();
    importDirectory(tree, source, own === undefined ? {} : { squashOwner: own });
    return { meta: ownMeta, onProgress };
  }

  const read = fileChunks(source, (done) => progress({ phase: 'read', done, total: stats?.size ?? done }));
  try {
    await importTar(tree, decompress(read));
    if (tree.root.children.size === 0) throw new ImageError('bad-format', 'There are no files in it.');
  } catch (error) {
    throw naming(source === '-' ? 'standard input' : source, error);
  }
  const files = treeFiles(tree);
  if (!(await isOciLayout(files))) return { meta: ownMeta, onProgress };
  // The archive holds an image rather than a root: what was unpacked are its blobs, so unpack these in turn.
  const layout = new FileTree(tree.staging);
  layout.root.children = tree.root.children;
  tree.root.children = new Map();
  return { meta: { ...ownMeta, ...(await importOci(tree, treeFiles(layout), ociOptions)) }, onProgress };
}

export function isLayoutDirectory(path: string): boolean {
  return existsSync(join(path, 'oci-layout')) && existsSync(join(path, 'index.json'));
}

function directoryFiles(directory: string): OciFiles {
  return {
    has: (path) => existsSync(join(directory, path)),
    read: (path) => fileChunks(join(directory, path)),
  };
}
