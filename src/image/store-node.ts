/**
 * The local store of images: one file NAME.rfi each, below one directory.
 *
 * Interface: ImageStore, openStore, StoredImage, resolveImage, ResolvedImage.
 * Invariants: a name shows a finished image or none (files-node.ts); two builders of the same name do not meet, since
 * each holds NAME.lock, which names its process and is taken over when that process is gone.
 * Where: $RINGFENCE_HOME/images, else $XDG_DATA_HOME/ringfence/images, else ~/.local/share/ringfence/images. What can be
 * made again (apt's packages, imported archives) stands in cache/ beside it or $XDG_CACHE_HOME/ringfence.
 * See the XDG Base Directory Specification.
 */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, readdirSync, rmSync, statSync } from 'node:fs';
import { linkSync, realpathSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FileTree } from './file-tree.ts';
import { asImageError, buildImageFile, openImageFile, verifyImageFile } from './files-node.ts';
import { ImageError } from './image-error.ts';
import type { ImportOptions } from './import-node.ts';
import { importArchive, isLayoutDirectory } from './import-node.ts';
import type { ImageMeta } from './rfi.ts';
import { hasRfiMagic } from './rfi.ts';
import type { WriteImageOptions } from './rfi-writer.ts';

export interface StoredImage {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modified: Date;
  /** null where the file is damaged or of another version. */
  readonly meta: ImageMeta | null;
  readonly digest: string | null;
}

/** What an IMAGE argument means. A directory is for the caller to mount. */
export type ResolvedImage =
  | { readonly kind: 'image'; readonly name: string; readonly path: string }
  | { readonly kind: 'directory'; readonly path: string };

const SUFFIX = '.rfi';

export class ImageStore {
  readonly directory: string;
  readonly cacheDirectory: string;

  constructor(directory: string, cacheDirectory: string) {
    this.directory = directory;
    this.cacheDirectory = cacheDirectory;
  }

  path(name: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/.test(name)) {
      throw new ImageError(
        'bad-name',
        `'${name}' cannot name an image: letters, digits and . _ + - only, 100 at most.`,
      );
    }
    return join(this.directory, `${name}${SUFFIX}`);
  }

  has(name: string): boolean {
    return (
      /^[\w.+-]+$/.test(name) &&
      statSync(join(this.directory, `${name}${SUFFIX}`), { throwIfNoEntry: false }) !== undefined
    );
  }

  list(): StoredImage[] {
    const files = statSync(this.directory, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(this.directory);
    const names = files.filter((file) => file.endsWith(SUFFIX) && !file.startsWith('.'));
    return names.sort().map((file) => this.#describe(file.slice(0, -SUFFIX.length)));
  }

  remove(name: string): void {
    if (!this.has(name)) throw this.#absent(name);
    rmSync(this.path(name));
  }

  /** Compares the image with the SHA-256 sums in it. */
  verify(name: string): void {
    if (!this.has(name)) throw this.#absent(name);
    verifyImageFile(this.path(name));
  }

  /** Puts a tree together in `fill` and stores it, in place of an image of that name. Returns its path. */
  async put(name: string, fill: (tree: FileTree) => Promise<WriteImageOptions>): Promise<string> {
    const path = this.path(name);
    await this.locked(name, () => {
      this.#removeUnfinished(name);
      return buildImageFile(path, fill, this.directory);
    });
    return path;
  }

  /** Imports a tar, an OCI layout or a directory as a root file system; '-' is standard input. */
  importImage(name: string, source: string, options: ImportOptions = {}): Promise<string> {
    return this.put(name, (tree) => importArchive(tree, source, options));
  }

  /** Runs `work` while no other process holds `name`. Throws where one does. */
  async locked<T>(name: string, work: () => Promise<T>): Promise<T> {
    const lock = join(this.#makeDirectory(), `.${name}.lock`);
    takeLock(lock, name);
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  }

  /** Removes what builders of this name left that were killed. Only the holder of the lock may. */
  #removeUnfinished(name: string): void {
    for (const file of readdirSync(this.directory)) {
      if (file.startsWith(`${name}${SUFFIX}.`) && file.endsWith('.tmp')) rmSync(join(this.directory, file));
    }
  }

  #makeDirectory(): string {
    try {
      mkdirSync(this.directory, { recursive: true });
    } catch (error) {
      throw asImageError(error);
    }
    return this.directory;
  }

  #describe(name: string): StoredImage {
    const path = this.path(name);
    const { size, mtime } = statSync(path);
    let [meta, digest]: [ImageMeta | null, string | null] = [null, null];
    try {
      const image = openImageFile(path);
      [meta, digest] = [image.tree.meta, image.tree.digest];
      image.close();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
    }
    return { name, path, sizeBytes: size, modified: mtime, meta, digest };
  }

  #absent(name: string): ImageError {
    const there = this.list().map((image) => image.name);
    const known = there.length === 0 ? 'The store is empty.' : `There is: ${there.join(', ')}.`;
    return new ImageError('not-found', `There is no image ${name}. ${known}`, 'ringfence image build');
  }

  /**
   * What an IMAGE argument means: a name in the store, an image file, an archive or OCI layout (imported into the cache
   * once for each path, size and mtime), or a directory.
   */
  async resolve(argument: string, options: ImportOptions = {}): Promise<ResolvedImage> {
    if (this.has(argument)) return { kind: 'image', name: argument, path: this.path(argument) };
    const stats = statSync(argument, { throwIfNoEntry: false });
    if (stats === undefined) throw this.#absent(argument);
    const path = realpathSync(argument);
    if (stats.isDirectory() && !isLayoutDirectory(path)) return { kind: 'directory', path };
    if (stats.isFile() && isImageFile(path)) return { kind: 'image', name: argument, path };
    const watched = stats.isDirectory()
      ? (statSync(join(path, 'index.json'), { throwIfNoEntry: false }) ?? stats)
      : stats;
    const key = [path, watched.size, watched.mtimeMs, options.architecture ?? '', options.reference ?? ''].join('\0');
    const cached = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const imports = new ImageStore(join(this.cacheDirectory, 'imports'), this.cacheDirectory);
    while (!imports.has(cached)) {
      try {
        await imports.importImage(cached, path, options);
      } catch (error) {
        // Another process is importing the same archive: what it makes is as good.
        if (!(error instanceof ImageError) || error.code !== 'locked') throw error;
        await delay(100);
      }
    }
    return { kind: 'image', name: argument, path: imports.path(cached) };
  }
}

export function openStore(environment: Readonly<Record<string, string | undefined>> = process.env): ImageStore {
  const { RINGFENCE_HOME: home, XDG_DATA_HOME: data, XDG_CACHE_HOME: cache } = environment;
  if (home) return new ImageStore(join(home, 'images'), join(home, 'cache'));
  return new ImageStore(
    join(data || join(homedir(), '.local/share'), 'ringfence', 'images'),
    join(cache || join(homedir(), '.cache'), 'ringfence'),
  );
}

function isImageFile(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const start = new Uint8Array(8);
    readSync(fd, start);
    return hasRfiMagic(start);
  } finally {
    closeSync(fd);
  }
}

/** The lock is made whole under another name and linked, so that nobody ever reads one without its process id. */
function takeLock(lock: string, name: string): void {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        linkSync(own, lock);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw asImageError(error);
        const holder = Number(readIfThere(lock));
        if (holder > 0 && isAlive(holder)) {
          throw new ImageError('locked', `Another process (${holder}) is working on ${name}.`, 'Wait for it to end.');
        }
        rmSync(lock, { force: true });
      }
    }
    throw new ImageError('locked', `Other processes are working on ${name}.`, 'Try again.');
  } finally {
    rmSync(own, { force: true });
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Linux: EPERM means that it is there, but another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
