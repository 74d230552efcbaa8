/**
 * Character devices by number: terminals (see tty/), and the ones that are only memory: null, zero, full, random, urandom, kmsg. See null(4), full(4),
 * random(4).
 *
 * Interface: openDevice, memoryDeviceOps, DEVICES.
 * Block devices and numbers without a driver are ENXIO.
 */
import { isDevice, major, makedev, minor, S_IFBLK, S_IFMT } from '../../abi/file-mode.ts';
import { IOCTL } from '../../abi/flags/ioctl.ts';
import { POLL } from '../../abi/flags/poll.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { byteStringOf, bytesOf, fromUtf8, toUtf8 } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { logLine } from '../log.ts';
import { putUser32 } from '../mm/uaccess.ts';
import { waitOn, type Outcome } from '../result.ts';
import { capable } from '../task/cred.ts';
import type { Task } from '../task/types.ts';
import { nowNs } from '../time/timers.ts';
import { openConsole } from '../tty/console.ts';
import { openPtmx, openPts } from '../tty/pty.ts';
import { openControllingTty } from '../tty/tty-file.ts';
import { advanceIo, copyFromIo, copyToIo, fillIo } from '../vfs/io.ts';
import type { FileKind, FileOps, Inode, Io, OpenFile } from '../vfs/types.ts';

const { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } = POLL.values;
const { RNDGETENTCNT, RNDADDTOENTCNT, RNDADDENTROPY, RNDRESEEDCRNG } = IOCTL.values;
const CAP_SYS_ADMIN = 21;
const MEMORY_MAJOR = 1;
const SERIAL_MAJOR = 4;
const FIRST_SERIAL = 64;
const TTY_MAJOR = 5;
const PTS_MAJOR = 136;
const PTS_MAJORS = 8;

type Opened = Outcome<{ readonly kind: FileKind; readonly data: unknown }>;

const MEMORY_KINDS: Readonly<Record<number, FileKind>> = {
  3: 'null',
  5: 'zero',
  7: 'full',
  8: 'random',
  9: 'random',
  11: 'kmsg',
};

/** What opening a device node gives. */
export function openDevice(kernel: Kernel, task: Task, inode: Inode, flags: number): Opened {
  if (!isDevice(inode.mode) || (inode.mode & S_IFMT) === S_IFBLK) return 'ENXIO';
  const number = minor(inode.rdev);
  switch (major(inode.rdev)) {
    case MEMORY_MAJOR:
      return openMemoryDevice(number);
    case SERIAL_MAJOR:
      return number === FIRST_SERIAL ? openConsole(kernel, task, flags, true) : 'ENXIO';
    case TTY_MAJOR:
      if (number === 0) return openControllingTty(kernel, task, flags);
      if (number === 1) return openConsole(kernel, task, flags, false);
      return number === 2 ? openPtmx(kernel, task) : 'ENXIO';
    default: {
      const index = (major(inode.rdev) - PTS_MAJOR) * 2 ** 20 + number;
      return index >= 0 && major(inode.rdev) < PTS_MAJOR + PTS_MAJORS ? openPts(kernel, task, index, flags) : 'ENXIO';
    }
  }
}

function openMemoryDevice(number: number): Opened {
  const kind = MEMORY_KINDS[number];
  if (kind === undefined) return 'ENXIO';
  const cursor: KmsgCursor = { afterNs: -1, sameTime: 0 };
  return { kind, data: kind === 'kmsg' ? cursor : null };
}

/** The nodes that devtmpfs begins with. Owners as udev sets them: group tty is 5, dialout 20. */
export const DEVICES: readonly { name: string; rdev: number; mode: number; gid: number }[] = [
  { name: 'null', rdev: makedev(1, 3), mode: 0o666, gid: 0 },
  { name: 'zero', rdev: makedev(1, 5), mode: 0o666, gid: 0 },
  { name: 'full', rdev: makedev(1, 7), mode: 0o666, gid: 0 },
  { name: 'random', rdev: makedev(1, 8), mode: 0o666, gid: 0 },
  { name: 'urandom', rdev: makedev(1, 9), mode: 0o666, gid: 0 },
  { name: 'kmsg', rdev: makedev(1, 11), mode: 0o644, gid: 0 },
  { name: 'tty', rdev: makedev(5, 0), mode: 0o666, gid: 5 },
  { name: 'console', rdev: makedev(5, 1), mode: 0o600, gid: 5 },
  { name: 'ptmx', rdev: makedev(5, 2), mode: 0o666, gid: 5 },
  { name: 'ttyS0', rdev: makedev(4, 64), mode: 0o660, gid: 20 },
];

/** Linux: lseek on /dev/null and /dev/zero succeeds and stays at the start. */
const stayAtStart = (): number => 0;
const alwaysReady = (): number => POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;

function discard(_kernel: Kernel, _task: Task, _file: OpenFile, io: Io): number {
  const count = io.remaining;
  advanceIo(io, count);
  return count;
}

function readZeros(kernel: Kernel, _task: Task, _file: OpenFile, io: Io): Outcome<number> {
  return fillIo(kernel, io, io.remaining);
}

const RANDOM_CHUNK = 65536;

function readRandom(kernel: Kernel, _task: Task, _file: OpenFile, io: Io): Outcome<number> {
  const chunk = new Uint8Array(Math.min(io.remaining, RANDOM_CHUNK));
  let done = 0;
  while (io.remaining > 0) {
    const wanted = Math.min(chunk.length, io.remaining);
    kernel.ports.entropy.fill(chunk.subarray(0, wanted));
    const copied = copyToIo(kernel, io, chunk, 0, wanted);
    if (copied === 'EFAULT') return done > 0 ? done : copied;
    done += copied;
    if (copied < wanted) break;
  }
  return done;
}

function randomIoctl(kernel: Kernel, task: Task, _file: OpenFile, request: number, argument: number): Outcome<number> {
  if (request === RNDGETENTCNT) return putUser32(kernel, task, argument, 256);
  if (request !== RNDADDTOENTCNT && request !== RNDADDENTROPY && request !== RNDRESEEDCRNG) return 'EINVAL';
  return capable(task.cred, CAP_SYS_ADMIN) ? 0 : 'EPERM';
}

/** How far an open /dev/kmsg has read: up to this time, and so many records of that time. */
interface KmsgCursor {
  afterNs: number;
  sameTime: number;
}

function readKmsg(kernel: Kernel, _task: Task, file: OpenFile, io: Io): Outcome<number> {
  const cursor = file.data as KmsgCursor;
  const index = nextRecord(kernel, cursor);
  if (index < 0) {
    if ((file.flags & OPEN.values.O_NONBLOCK) !== 0) return 'EAGAIN';
    // The log wakes nobody: look again now and then.
    return waitOn([], 'ERESTARTSYS', nowNs(kernel) + KMSG_POLL_NS);
  }
  const { timeNs, level, text } = kernel.log[index]!;
  const record = bytesOf(`${level},${index},${Math.floor(timeNs / 1000)},-;${fromUtf8(text)}\n`);
  if (record.length > io.remaining) return 'EINVAL';
  const copied = copyToIo(kernel, io, record, 0, record.length);
  if (copied === 'EFAULT') return copied;
  cursor.sameTime = timeNs === cursor.afterNs ? cursor.sameTime + 1 : 1;
  cursor.afterNs = timeNs;
  return record.length;
}

const KMSG_POLL_NS = 100_000_000;
const KMSG_MAX = 1024;

function nextRecord(kernel: Kernel, { afterNs, sameTime }: KmsgCursor): number {
  let seen = 0;
  return kernel.log.findIndex(({ timeNs }) => timeNs > afterNs || (timeNs === afterNs && ++seen > sameTime));
}

function writeKmsg(kernel: Kernel, _task: Task, _file: OpenFile, io: Io): Outcome<number> {
  if (io.remaining > KMSG_MAX) return 'EINVAL';
  const bytes = new Uint8Array(io.remaining);
  const copied = copyFromIo(kernel, io, bytes, 0, bytes.length);
  if (copied === 'EFAULT') return copied;
  const [, priority, text] = /^(?:<([0-9]+)>)?([^]*?)\n?$/.exec(byteStringOf(bytes, 0, copied))!;
  logLine(kernel, Number(priority ?? 4) & 7, toUtf8(text ?? ''));
  return copied;
}

export const memoryDeviceOps: Partial<Record<FileKind, FileOps>> = {
  null: { seekable: true, seek: stayAtStart, read: () => 0, write: discard },
  zero: { seekable: true, seek: stayAtStart, read: readZeros, write: discard, mmap: () => 0 },
  full: { seekable: true, seek: stayAtStart, read: readZeros, write: () => 'ENOSPC' },
  random: {
    seekable: true,
    seek: stayAtStart,
    read: readRandom,
    write: discard,
    poll: alwaysReady,
    ioctl: randomIoctl,
  },
  kmsg: {
    seekable: false,
    read: readKmsg,
    write: writeKmsg,
    poll: (kernel, file) => (nextRecord(kernel, file.data as KmsgCursor) >= 0 ? POLLIN | POLLRDNORM : 0),
  },
};
