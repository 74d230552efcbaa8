/**
 * Exports an image as a tar, to a file or to a stream such as standard output.
 *
 * Interface: exportImageFile, exportImageStream.
 */
import { createWriteStream, existsSync, realpathSync, rmSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { asImageError, openImageFile } from './files-node.ts';
import { ImageError } from './image-error.ts';
import { exportTar } from './tar-export.ts';

/** Writes the tar to `target`: a file, which is there only when it is whole, or a pipe or device that is there already. */
export async function exportImageFile(imagePath: string, target: string): Promise<void> {
  const found = statSync(target, { throwIfNoEntry: false });
  if (found?.isDirectory() === true)
    throw new ImageError('bad-name', `${target} is a directory.`, `Name a file in it, such as ${target}/root.tar.`);
  if (found !== undefined && !found.isFile()) return exportImageStream(imagePath, createWriteStream(target));
  const path = found === undefined ? target : realpathSync(target);
  const parent = dirname(path);
  if (!existsSync(parent)) throw new ImageError('not-found', `${parent} is not there.`, 'Make the directory first.');
  const unfinished = `${path}.${process.pid}.tmp`;
  const forget = (): void => rmSync(unfinished, { force: true });
  process.once('exit', forget);
  try {
    await exportImageStream(imagePath, createWriteStream(unfinished));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    process.off('exit', forget);
  }
}

/** Writes the tar to `out` and ends it, unless it is standard output. A reader that goes away (EPIPE) is an error. */
export async function exportImageStream(imagePath: string, out: NodeJS.WritableStream): Promise<void> {
  const image = openImageFile(imagePath);
  try {
    await pipeline(Readable.from(exportTar(image.tree)), out, { end: out !== process.stdout });
  } catch (error) {
    throw asImageError(error);
  } finally {
    image.close();
  }
}
