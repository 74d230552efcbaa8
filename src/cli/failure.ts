/** How the command line says what went wrong. Interface: failure, unwritable, isReaderGone, EXIT. */
import { SpawnError } from '../host/errors.ts';
import { ImageError } from '../image/image-error.ts';

/** Exit statuses of our own, as docker and timeout(1) have them. */
export const EXIT = {
  limit: 124,
  failed: 125,
  cannotRun: 126,
  notFound: 127,
  interrupted: 130,
  noReader: 141,
} as const;

/** Prints the error for a person and gives the exit status. */
export function failure(error: unknown): number {
  if (error instanceof SpawnError) {
    say(`cannot run ${error.message}`);
    return error.code === 'ENOENT' ? EXIT.notFound : EXIT.cannotRun;
  }
  if (error instanceof ImageError) say(error.hint === null ? error.message : `${error.message}\n  Try: ${error.hint}`);
  else if (error instanceof RangeError || (error instanceof Error && error.name === 'BootError')) say(error.message);
  else
    say(
      error instanceof Error
        ? process.env.RINGFENCE_DEBUG
          ? (error.stack ?? error.message)
          : error.message
        : String(error),
    );
  return EXIT.failed;
}

/** The error for something that the user named (an option with its file, a stream) and that cannot be written. */
export function unwritable(what: string, error: unknown): RangeError {
  return new RangeError(`${what}: it cannot be written: ${(error as Error).message}`);
}

/** Whether writing failed because nobody reads what we write, as opposed to a disk that is full. */
export function isReaderGone({ code }: NodeJS.ErrnoException, stream: NodeJS.WriteStream): boolean {
  return code === 'EPIPE' || (code === 'EIO' && stream.isTTY);
}

function say(text: string): void {
  process.stderr.write(`ringfence: ${text}\n`);
}
