/**
 * Builds an image of Debian packages: downloads them through the machine's apt and unpacks them into a root file system.
 *
 * Interface: buildDebianImage, DebianImageOptions, BuildProgress.
 * Invariant: the same packages and options give the same bytes.
 */
import { join } from 'node:path';
import { downloadPackages } from './apt-node.ts';
import type { AptRequest } from './apt-node.ts';
import type { DebPackage } from './deb.ts';
import { unpackDeb } from './deb.ts';
import { DEFAULT_PACKAGES } from './debian-packages.ts';
import { finishRootfs, prepareRootfs } from './debian-rootfs.ts';
import { fileChunks } from './files-node.ts';
import { ImageError } from './image-error.ts';
import type { ImageStore } from './store-node.ts';

export interface DebianImageOptions {
  /** Name in the store; without it 'debian-ARCHITECTURE', and with the suite where that is not the usual one. */
  readonly name?: string;
  /** Default 'trixie'. */
  readonly suite?: string;
  /** As Debian says it: 'riscv64' (default), 'amd64', 'i386'. */
  readonly architecture?: string;
  /** Instead of the usual set. */
  readonly packages?: readonly string[];
  /** Beside the usual set, or beside `packages`. */
  readonly extraPackages?: readonly string[];
  readonly components?: readonly string[];
  readonly mirror?: string;
  readonly keyring?: string;
  readonly hostname?: string;
  readonly user?: string;
  readonly onProgress?: (progress: BuildProgress) => void;
}

export interface BuildProgress {
  readonly phase: 'update' | 'download' | 'check' | 'unpack' | 'write';
  readonly done: number;
  readonly total: number;
}

export const DEFAULT_SUITE = 'trixie';
export const DEFAULT_ARCHITECTURE = 'riscv64';

/** Builds the image into `store`, in place of one of that name. Returns its name and path. */
export async function buildDebianImage(
  store: ImageStore,
  options: DebianImageOptions = {},
): Promise<{ name: string; path: string }> {
  const suite = options.suite ?? DEFAULT_SUITE;
  const architecture = options.architecture ?? DEFAULT_ARCHITECTURE;
  const name = options.name ?? (suite === DEFAULT_SUITE ? `debian-${architecture}` : `debian-${suite}-${architecture}`);
  const progress = options.onProgress ?? (() => {});
  const requested = [...(options.packages ?? DEFAULT_PACKAGES), ...(options.extraPackages ?? [])];
  for (const word of [suite, architecture, ...requested, ...(options.components ?? [])]) checkWord(word);

  const cacheDirectory = join(store.cacheDirectory, 'apt', `${suite}-${architecture}`);
  const request: AptRequest = {
    suite,
    architecture,
    packages: requested,
    cacheDirectory,
    onProgress: progress,
    ...(options.components === undefined ? {} : { components: options.components }),
    ...(options.mirror === undefined ? {} : { mirror: options.mirror }),
    ...(options.keyring === undefined ? {} : { keyring: options.keyring }),
  };
  const path = await store.put(name, async (tree) => {
    const debs = await store.locked(`apt-${suite}-${architecture}`, () => downloadPackages(request));
    prepareRootfs(tree);
    const packages: DebPackage[] = [];
    for (const deb of debs) {
      packages.push(await unpackDeb(tree, fileChunks(deb.path)));
      progress({ phase: 'unpack', done: packages.length, total: debs.length });
    }
    finishRootfs(tree, packages, {
      hostname: options.hostname ?? 'ringfence',
      user: options.user ?? 'user',
    });
    return {
      meta: { source: `debian ${suite}`, architecture, packages: debs.map((deb) => deb.name).sort() },
      onProgress: (done, total) => progress({ phase: 'write', done, total }),
    };
  });
  return { name, path };
}

/** Names go to apt's command line and files: no option, blank or quote gets through. See Debian policy 5.6.1. */
function checkWord(word: string): void {
  if (/^[a-z0-9][a-z0-9+.:=~/-]*$/i.test(word)) return;
  throw new ImageError('bad-name', `'${word}' is not the name of a package, suite, component or architecture.`);
}
