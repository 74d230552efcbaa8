/**
 * Open generated files: text that is made at the first read, and again at each read from position 0.
 *
 * Interface: procOps, GeneratedFile.
 * Partial reads see one text, whatever happens meanwhile. See proc(5), and Linux's seq_file.
 */
import { SEEK } from '../../../abi/flags/file-io.ts';
import { byteStringOf, bytesOf } from '../../../util/byte-string.ts';
import type { Kernel } from '../../kernel.ts';
import type { Outcome } from '../../result.ts';
import type { Task } from '../../task/types.ts';
import { inodeOf } from '../../vfs/inode.ts';
import { copyFromIo, copyToIo } from '../../vfs/io.ts';
import { seekTo } from '../../vfs/regular.ts';
import type { FileOps, Io, OpenFile } from '../../vfs/types.ts';
import { bind } from './proc-inode.ts';

/** What an open generated file keeps. */
export interface GeneratedFile {
  bytes: Uint8Array | null;
  /** Of files that make no text. */
  readonly state: unknown;
}

const { SEEK_END } = SEEK.values;
const MAX_WRITE = 4096;

export const procOps: FileOps = {
  seekable: true,
  read,
  write,
  seek(_kernel, file, offset, whence) {
    // Linux: a text that is made up has no end to seek from.
    const to = whence === SEEK_END ? 'EINVAL' : seekTo(file, offset, whence, 0);
    if (typeof to === 'number') file.pos = to;
    return to;
  },
  mmap: () => 'ENODEV',
  fsync: () => 'EINVAL',
};

function read(kernel: Kernel, task: Task, file: OpenFile, io: Io, pos: number): Outcome<number> {
  const data = file.data as GeneratedFile;
  const bound = bind(kernel, inodeOf(kernel, file.inode));
  if (typeof bound !== 'string' && bound.node.type === 'file' && bound.node.raw !== undefined) {
    const { raw } = bound.node;
    return raw.read === undefined ? 'EINVAL' : raw.read(kernel, bound.subject, task, data.state, io, pos, file);
  }
  if (pos === 0 || data.bytes === null) {
    if (typeof bound === 'string') return bound;
    if (bound.node.type !== 'file' || bound.node.show === undefined) return 'EINVAL';
    const text = bound.node.show(kernel, bound.subject, task);
    if (typeof text === 'string') return text;
    data.bytes = bytesOf(text.join(''));
  }
  if (pos >= data.bytes.length) return 0;
  return copyToIo(kernel, io, data.bytes, pos, data.bytes.length - pos);
}

function write(kernel: Kernel, task: Task, file: OpenFile, io: Io, pos: number): Outcome<number> {
  const bound = bind(kernel, inodeOf(kernel, file.inode));
  if (typeof bound === 'string') return bound;
  const { node, subject } = bound;
  if (node.type !== 'file') return 'EINVAL';
  const { state } = file.data as GeneratedFile;
  if (node.raw?.write !== undefined) return node.raw.write(kernel, subject, task, state, io, pos);
  if (node.write === undefined) return 'EIO';
  const bytes = new Uint8Array(Math.min(io.remaining, MAX_WRITE));
  const count = copyFromIo(kernel, io, bytes, 0, bytes.length);
  if (typeof count === 'string') return count;
  const written = node.write(kernel, subject, task, byteStringOf(bytes, 0, count));
  return written === 0 ? count : written;
}
