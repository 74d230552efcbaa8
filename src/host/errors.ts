/** Errors that the library throws. Interface: BootError, SpawnError. Each says what to do next. */
import { errnoMessage, type Errno } from '../abi/errno.ts';

/** A system could not be booted. */
export class BootError extends Error {
  override readonly name = 'BootError';
}

/** A program could not be started; `code` is the errno that execve(2) gave. */
export class SpawnError extends Error {
  override readonly name = 'SpawnError';
  readonly code: Errno;
  readonly program: string;

  constructor(code: Errno, program: string, why = errnoMessage(code)) {
    super(`${program}: ${why}`);
    this.code = code;
    this.program = program;
  }
}
