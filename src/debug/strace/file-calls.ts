/** Calls on names and file contents. Interface: fileCalls. */
import { isDevice, S_IFMT } from '../../abi/file-mode.ts';
import { argumentPiece, named, iovecPointers, valueOf } from './arguments.ts';
import {
  atEntry,
  atExit,
  bytesText,
  type Call,
  numberAt,
  pathText,
  type Piece,
  structBytes,
  structAt,
} from './call.ts';
import type { SpecialCalls } from './call.ts';
import { utimeText } from './structs.ts';
import { flagNames, hex, makedevText, modeText, octal, pointer, quoteHex } from './text.ts';

const O_CREAT = 0o100n;
const TMPFILE_BIT = 0o20000000n;

function open(call: Call): Piece[] {
  const makesFile = (valueOf(call, 'flags') & (O_CREAT | TMPFILE_BIT)) !== 0n;
  const before = call.syscall.name === 'open' ? [] : ['dfd'];
  return named(call, ...before, 'filename', 'flags', ...(makesFile ? ['mode'] : []));
}

function mknod(call: Call): Piece[] {
  const mode = Number(valueOf(call, 'mode'));
  const before = call.syscall.name === 'mknod' ? ['filename'] : ['dfd', 'filename'];
  const pieces = [...named(call, ...before), atEntry(() => ((mode & S_IFMT) === 0 ? octal(mode) : modeText(mode)))];
  return isDevice(mode) ? [...pieces, atEntry((now) => makedevText(Number(valueOf(now, 'dev'))))] : pieces;
}

/** After an error the vector is shown with its pointers. */
function readVector(call: Call): Piece[] {
  const vector = atExit((now) => {
    if (now.error === null) return argumentPiece(now, 'vec').text(now);
    return iovecPointers(now, valueOf(now, 'vec'), Number(valueOf(now, 'vlen')));
  });
  const hasOffset = call.syscall.row.args.some((arg) => arg.name === 'pos');
  return [...named(call, 'fd'), vector, ...named(call, 'vlen', ...(hasOffset ? ['pos'] : []))];
}

function utimensat(call: Call): Piece[] {
  const times = atEntry((now) => {
    const address = valueOf(now, 'utimes');
    if (structAt(now, address, 'timespec') === null) return pointer(address);
    const second = address + BigInt(structBytes(now, 'timespec'));
    return `[${utimeText(now, address)}, ${utimeText(now, second)}]`;
  });
  return [...named(call, 'dfd', 'filename'), times, ...named(call, 'flags')];
}

const SYNC_TYPE = 0x6000n;
const SYNC_NAMES: Readonly<Record<number, string>> = {
  0: 'AT_STATX_SYNC_AS_STAT',
  0x2000: 'AT_STATX_FORCE_SYNC',
  0x4000: 'AT_STATX_DONT_SYNC',
  0x6000: 'AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC',
};

/** How much the file system should ask for is always named. */
function statx(call: Call): Piece[] {
  const flags = atEntry((now) => {
    const value = valueOf(now, 'flags');
    const sync = value & SYNC_TYPE;
    const names = [SYNC_NAMES[Number(sync)]!];
    if ((value & ~SYNC_TYPE) !== 0n) names.push(flagNames('at', value & ~SYNC_TYPE, now.arch));
    return names.join('|');
  });
  return [...named(call, 'dfd', 'filename'), flags, ...named(call, 'mask', 'buffer')];
}

const LENGTH_OFFSET = 16;

function directoryEntries(call: Call): Piece[] {
  const entries = atExit((now) => {
    const address = valueOf(now, 'dirent');
    if (now.error !== null) return pointer(address);
    let count = 0;
    const end = Number(now.result);
    for (let at = 0; at < end; count++) {
      const length = numberAt(now, address + BigInt(at + LENGTH_OFFSET), 2);
      if (length === null || length === 0n) break;
      at += Number(length);
    }
    return `${pointer(address)} /* ${count} entr${count === 1 ? 'y' : 'ies'} */`;
  });
  return [...named(call, 'fd'), entries, ...named(call, 'count')];
}

export const fileCalls: SpecialCalls = {
  open: { pieces: open },
  openat: { pieces: open },
  mknod: { pieces: mknod },
  mknodat: { pieces: mknod },
  readv: { pieces: readVector },
  preadv: { pieces: readVector },
  utimensat: { pieces: utimensat },
  statx: { pieces: statx },
  getcwd: {
    pieces: (call) => [
      atExit((now) => (now.error === null ? pathText(now, now.args[0]!) : pointer(now.args[0]!))),
      ...named(call, 'size'),
    ],
  },
  getdents64: { pieces: directoryEntries },
  getrandom: {
    pieces: (call) => [
      atExit((now) => {
        const address = valueOf(now, call.syscall.row.args[0]!.name);
        return now.error === null ? bytesText(now, address, Number(now.result), quoteHex) : pointer(address);
      }),
      ...call.syscall.row.args.slice(1).map((arg) => argumentPiece(call, arg.name)),
    ],
  },
  mmap: {
    pieces: (call) => [
      ...call.syscall.row.args.slice(0, 5).map((arg) => argumentPiece(call, arg.name)),
      atEntry((now) => (now.args[5] === 0n ? '0' : hex(now.args[5]!))),
    ],
  },
};
