/**
 * ImageError: what can go wrong with an image, said so that a person knows what to do next.
 *
 * Interface: ImageError, ImageErrorCode.
 * Invariant: `message` is complete in itself; `hint`, where there is one, is a command or a step to take.
 */
export type ImageErrorCode =
  | 'not-found'
  | 'bad-name'
  | 'bad-format'
  | 'truncated'
  | 'bad-checksum'
  | 'unsupported'
  | 'locked'
  | 'no-space'
  | 'no-apt'
  | 'no-keyring'
  | 'no-archive'
  | 'apt-failed';

export class ImageError extends Error {
  readonly code: ImageErrorCode;
  readonly hint: string | null;

  constructor(code: ImageErrorCode, message: string, hint: string | null = null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ImageError';
    this.code = code;
    this.hint = hint;
  }
}
