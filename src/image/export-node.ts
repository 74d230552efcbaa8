/**
 * Exports an image as a tar, to a file or to a stream such as standard output.
 *
 * Interface: exportImageFile, exportImageStream.
 */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { asImageError, openImageFile } from './files-node.ts';
import { exportTar } from './tar-export.ts';

/** Writes the tar to `target`, which is there only when it is whole. */
export async function exportImageFile(imagePath: string, target: string): Promise<void> {
  const unfinished = `${target}.${process.pid}.tmp`;
  try {
    await exportImageStream(imagePath, createWriteStream(unfinished));
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
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
