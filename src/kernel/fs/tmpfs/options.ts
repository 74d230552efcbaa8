/**
 * Mount options of tmpfs. See tmpfs(5).
 *
 * Interface: TmpfsOptions, parseOptions.
 */
import type { ByteString } from '../../../util/byte-string.ts';
import type { Kernel } from '../../kernel.ts';

const PAGE_SIZE = 4096;

export interface TmpfsOptions {
  readonly type?: string;
  /** Permission bits of the root directory. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Bytes; default half of RAM. */
  readonly size?: number;
  readonly inodes?: number;
  /** As /proc/mounts shows them. */
  readonly options?: ByteString;
}

/** size=, nr_inodes=, nr_blocks=, mode=, uid=, gid= with the suffixes k, m, g and %. Others are EINVAL, as Linux has them. */
export function parseOptions(kernel: Kernel, text: ByteString): TmpfsOptions | 'EINVAL' {
  const options: { -readonly [K in keyof TmpfsOptions]: TmpfsOptions[K] } = { options: text };
  for (const item of text.split(',')) {
    if (item === '') continue;
    const [key, value = ''] = item.split('=', 2) as [string, string?];
    const number = key === 'mode' ? parseInt(value, 8) : parseSize(value, kernel.machine.ram.bytes);
    if (key === 'noswap' || key === 'huge' || key === 'mpol' || key === 'inode64' || key === 'inode32') continue;
    if (Number.isNaN(number)) return 'EINVAL';
    if (key === 'size') options.size = number === 0 ? kernel.machine.ram.bytes : number;
    else if (key === 'nr_blocks') options.size = number * PAGE_SIZE;
    else if (key === 'nr_inodes') options.inodes = number === 0 ? Infinity : number;
    else if (key === 'mode') options.mode = number & 0o7777;
    else if (key === 'uid') options.uid = number;
    else if (key === 'gid') options.gid = number;
    else return 'EINVAL';
  }
  return options;
}

const SUFFIXES: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

function parseSize(text: string, ramBytes: number): number {
  const match = /^([0-9]+)([kmgt%]?)$/i.exec(text);
  if (match === null) return NaN;
  const suffix = match[2]!.toLowerCase();
  return suffix === '%' ? Math.floor((Number(match[1]) * ramBytes) / 100) : Number(match[1]) * SUFFIXES[suffix]!;
}
