/**
 * Opens an IMAGE by name or path. Interface: openImage, OpenedImage.
 * A stored image is read where it lies; a directory is mounted as it is, read-only.
 */
import type { ReadonlyTree } from '../kernel/fs/readonly-tree.ts';
import { openImageFile } from './files-node.ts';
import type { ImageMeta } from './rfi.ts';
import { openStore, type ImageStore } from './store-node.ts';

export type OpenedImage =
  | {
      readonly kind: 'tree';
      readonly name: string;
      readonly tree: ReadonlyTree;
      readonly meta: ImageMeta;
      close(): void;
    }
  | { readonly kind: 'directory'; readonly path: string; close(): void };

/** Throws ImageError when there is no such image or it is damaged. */
export async function openImage(argument: string, store: ImageStore = openStore()): Promise<OpenedImage> {
  const resolved = await store.resolve(argument);
  if (resolved.kind === 'directory') return { kind: 'directory', path: resolved.path, close: () => {} };
  const file = openImageFile(resolved.path);
  return { kind: 'tree', name: resolved.name, tree: file.tree, meta: file.tree.meta, close: () => file.close() };
}
