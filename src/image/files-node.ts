/**
 * Images and staging on Node's file system.
 *
 * Interface: openImageFile, verifyImageFile, buildImageFile, FileSource, FileStaging, fileChunks, asImageError, naming.
 * Invariant: buildImageFile shows a finished file at its name or none: it writes beside it, syncs and renames.
 */
import {
  closeSync,
  createReadStream,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobSource, Staging } from './blob.ts';
import { FileTree } from './file-tree.ts';
import { ImageError } from './image-error.ts';
import type { ImageTree } from './rfi-reader.ts';
import { openImage, verifyImage } from './rfi-reader.ts';
import type { WriteImageOptions } from './rfi-writer.ts';
import { writeImage } from './rfi-writer.ts';
import { newNodeSha256 } from './sha256-node.ts';

export interface OpenImageFile {
  readonly path: string;
  readonly tree: ImageTree;
  close(): void;
}

export function openImageFile(path: string): OpenImageFile {
  const source = new FileSource(path);
  try {
    return { path, tree: openImage(source), close: () => source.close() };
  } catch (error) {
    source.close();
    throw naming(path, error);
  }
}

/** Compares the SHA-256 sums of an image with its bytes; throws ImageError where they differ. */
export function verifyImageFile(path: string): void {
  const source = new FileSource(path);
  try {
    verifyImage(source, newNodeSha256);
    openImage(source);
  } catch (error) {
    throw naming(path, error);
  } finally {
    source.close();
  }
}

export class FileSource implements BlobSource {
  readonly size: number;
  readonly #fd: number;

  constructor(path: string) {
    try {
      this.#fd = openSync(path, 'r');
    } catch (error) {
      throw asImageError(error);
    }
    this.size = fstatSync(this.#fd).size;
  }

  read(offset: number, into: Uint8Array): number {
    return readAt(this.#fd, offset, into);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Staging in a file without a name, with a buffer for the many small appends. */
export class FileStaging implements Staging {
  readonly #fd: number;
  readonly #place: string;
  readonly #buffer = new Uint8Array(1 << 20);
  #buffered = 0;
  #written = 0;

  /** `directory` is where there is room for all contents. */
  constructor(directory: string = tmpdir()) {
    try {
      this.#place = mkdtempSync(join(directory, '.ringfence-staging-'));
      this.#fd = openSync(join(this.#place, 'contents'), 'wx+', 0o600);
      // An open file needs no name, except on Windows; without one it goes away with this process, however it ends.
      if (process.platform !== 'win32') rmSync(this.#place, { recursive: true });
    } catch (error) {
      throw asImageError(error);
    }
  }

  get size(): number {
    return this.#written + this.#buffered;
  }

  append(chunk: Uint8Array): number {
    const offset = this.size;
    if (this.#buffered + chunk.length > this.#buffer.length) this.#flush();
    if (chunk.length > this.#buffer.length) {
      writeAt(this.#fd, this.#written, chunk);
      this.#written += chunk.length;
    } else {
      this.#buffer.set(chunk, this.#buffered);
      this.#buffered += chunk.length;
    }
    return offset;
  }

  read(offset: number, into: Uint8Array): number {
    if (offset + into.length > this.#written) this.#flush();
    return readAt(this.#fd, offset, into);
  }

  dispose(): void {
    closeSync(this.#fd);
    rmSync(this.#place, { recursive: true, force: true });
  }

  #flush(): void {
    writeAt(this.#fd, this.#written, this.#buffer.subarray(0, this.#buffered));
    this.#written += this.#buffered;
    this.#buffered = 0;
  }
}

/** Puts a tree together in `fill` and writes it to `path`. What `fill` returns goes into the image as its meta. */
export async function buildImageFile(
  path: string,
  fill: (tree: FileTree) => Promise<WriteImageOptions>,
  stagingDirectory?: string,
): Promise<void> {
  const staging = new FileStaging(stagingDirectory);
  try {
    const tree = new FileTree(staging);
    writeImageFile(path, tree, await fill(tree));
  } catch (error) {
    throw asImageError(error);
  } finally {
    staging.dispose();
  }
}

function writeImageFile(path: string, tree: FileTree, options: WriteImageOptions): void {
  const unfinished = `${path}.${process.pid}.tmp`;
  const fd = openSync(unfinished, 'w', 0o644);
  try {
    let end = 0;
    const write = (offset: number, bytes: Uint8Array): void => {
      end = Math.max(end, offset + bytes.length);
      // Pages of zeros stay holes, so that sparse files do not take room.
      if (!isZero(bytes)) writeAt(fd, offset, bytes);
    };
    writeImage(tree, { write }, { newHasher: newNodeSha256, ...options });
    ftruncateSync(fd, end);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** The bytes of a file, or of standard input for '-'. */
export async function* fileChunks(path: string, onRead: (done: number) => void = () => {}): AsyncGenerator<Uint8Array> {
  const stream = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 18 });
  let done = 0;
  try {
    for await (const chunk of stream) {
      done += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
      onRead(done);
    }
  } catch (error) {
    throw asImageError(error);
  }
}

/** Turns what Node says of a file into what a person can act on; leaves all else as it is. */
export function asImageError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ImageError) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new ImageError('no-space', `The disk is full: ${error.message}`, 'Free some room and try again.', error);
    case 'ENOENT':
      return new ImageError('not-found', `${path ?? 'A file'} is not there.`, null, error);
    default:
      return error;
  }
}

/** Puts the name of what was read before what is wrong with it. */
export function naming(path: string, error: unknown): unknown {
  if (!(error instanceof ImageError)) return error;
  return new ImageError(error.code, `${path}: ${error.message}`, error.hint, error);
}

function readAt(fd: number, offset: number, into: Uint8Array): number {
  let done = 0;
  while (done < into.length) {
    const got = readSync(fd, into, done, into.length - done, offset + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

function writeAt(fd: number, offset: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}

function isZero(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[bytes.length - 1] === 0 && bytes.every((byte) => byte === 0);
}
