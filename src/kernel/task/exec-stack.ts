/**
 * What a new program finds on its stack: argc, argv, envp, the auxiliary vector and the strings. See getauxval(3), and the process
 * initialisation chapter of the psABI.
 *
 * Interface: mapStack, buildStack, ImageInfo.
 * Layout from the top down as Linux has it: a null word, the file name, environment and argument strings, 16 random bytes, the vectors.
 */
import { MMAP, MMAP_PROT } from '../../abi/flags/memory.ts';
import type { Kernel } from '../kernel.ts';
import { STACK_TOP } from '../mm/mm.ts';
import { mmapRegion } from '../mm/mmap.ts';
import type { Mm } from '../mm/types.ts';
import { copyToUserMm } from '../mm/uaccess.ts';
import type { Program } from './exec-commit.ts';
import { softLimit } from './rlimit.ts';
import { groupOf } from './task.ts';
import type { Task } from './types.ts';

/** Where the parts of the program were put. */
export interface ImageInfo {
  /** AT_ENTRY: of the program itself, not of its interpreter. */
  readonly entry: number;
  readonly programHeaders: number;
  readonly programHeaderCount: number;
  /** AT_BASE: where the interpreter lies; 0 without one. */
  readonly interpreterBase: number;
}

const { PROT_READ, PROT_WRITE, PROT_EXEC } = MMAP_PROT.values;
const { MAP_PRIVATE, MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN } = MMAP.values;

const PAGE_BYTES = 4096;
/** Room that is mapped below the strings from the start. */
const STACK_EXPAND = 131072;
const PROGRAM_HEADER_BYTES = 56;
const TWO_32 = 4294967296;

/** I, M, A, F, D, C: bit N for the Nth letter. */
const HWCAP = [...'IMAFDC'].reduce((bits, letter) => bits | (1 << (letter.charCodeAt(0) - 65)), 0);
const CLOCK_TICKS = 100;
/** Bytes of a signal frame of riscv64 with its alignment (sysdeps: MINSIGSTKSZ as the kernel needs it). */
const MIN_SIGNAL_STACK = 1120;
/** struct rseq up to mm_cid, and its alignment. */
const RSEQ_FEATURE_BYTES = 28;
const RSEQ_ALIGN = 32;

const AT = {
  NULL: 0,
  PHDR: 3,
  PHENT: 4,
  PHNUM: 5,
  PAGESZ: 6,
  BASE: 7,
  FLAGS: 8,
  ENTRY: 9,
  UID: 11,
  EUID: 12,
  GID: 13,
  EGID: 14,
  HWCAP: 16,
  CLKTCK: 17,
  SECURE: 23,
  RANDOM: 25,
  RSEQ_FEATURE_SIZE: 27,
  RSEQ_ALIGN: 28,
  EXECFN: 31,
  SYSINFO_EHDR: 33,
  MINSIGSTKSZ: 51,
} as const;

/** Maps the stack, large enough for the strings and some room. */
export function mapStack(kernel: Kernel, task: Task, mm: Mm, program: Program, executable: boolean) {
  const used = roundUp(
    program.argv.length + program.env.length + vectorBytes(program) + program.name.length,
    PAGE_BYTES,
  );
  const limit = softLimit(groupOf(kernel, task), 'RLIMIT_STACK');
  const length =
    used + Math.max(Math.min(STACK_EXPAND, roundUp(Math.min(limit, STACK_TOP), PAGE_BYTES) - used), 0) + PAGE_BYTES;
  const result = mmapRegion(kernel, mm, {
    address: STACK_TOP - length,
    length,
    prot: PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0),
    flags: MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN,
    file: null,
    offset: 0,
    name: '[stack]',
  });
  return typeof result === 'string' ? result : 0;
}

/** Writes everything; gives the initial stack pointer. */
export function buildStack(kernel: Kernel, task: Task, mm: Mm, program: Program, image: ImageInfo): number | 'EFAULT' {
  const { argv, env, name } = program;
  const nameAt = STACK_TOP - 8 - (name.length + 1);
  const envAt = nameAt - env.length;
  const argAt = envAt - argv.length;
  const randomAt = roundDown(argAt, 16) - 16;
  const start = roundDown(randomAt - vectorBytes(program), 16);
  const bytes = new Uint8Array(STACK_TOP - start);
  bytes.set(argv.bytes.subarray(0, argv.length), argAt - start);
  bytes.set(env.bytes.subarray(0, env.length), envAt - start);
  for (let i = 0; i < name.length; i++) bytes[nameAt - start + i] = name.charCodeAt(i);
  kernel.ports.entropy.fill(bytes.subarray(randomAt - start, randomAt - start + 16));

  const words = new Uint32Array(bytes.buffer);
  let at = 0;
  const push = (value: number) => {
    words[at] = value >>> 0;
    words[at + 1] = value >= TWO_32 ? Math.floor(value / TWO_32) : 0;
    at += 2;
  };
  push(argv.count);
  pushPointers(bytes, argAt - start, argv.count, start, push);
  pushPointers(bytes, envAt - start, env.count, start, push);
  const auxvAt = at * 4;
  for (const [key, value] of auxiliaryVector(task, mm.vdso, image, program.secure, randomAt, nameAt)) {
    push(key);
    push(value);
  }
  mm.auxv = bytes.slice(auxvAt, at * 4);
  mm.argStart = argAt;
  mm.argEnd = envAt;
  mm.envStart = envAt;
  mm.envEnd = nameAt;
  mm.startStack = start;
  return copyToUserMm(kernel, mm, start, bytes) === 0 ? start : 'EFAULT';
}

function pushPointers(bytes: Uint8Array, at: number, count: number, base: number, push: (value: number) => void): void {
  for (let i = 0; i < count; i++) {
    push(base + at);
    at = bytes.indexOf(0, at) + 1;
  }
  push(0);
}

/** In Linux's order for riscv (arch entries first). */
function auxiliaryVector(task: Task, vdso: number, image: ImageInfo, secure: boolean, random: number, name: number) {
  const { cred } = task;
  return [
    [AT.SYSINFO_EHDR, vdso],
    [AT.MINSIGSTKSZ, MIN_SIGNAL_STACK],
    [AT.HWCAP, HWCAP],
    [AT.PAGESZ, PAGE_BYTES],
    [AT.CLKTCK, CLOCK_TICKS],
    [AT.PHDR, image.programHeaders],
    [AT.PHENT, PROGRAM_HEADER_BYTES],
    [AT.PHNUM, image.programHeaderCount],
    [AT.BASE, image.interpreterBase],
    [AT.FLAGS, 0],
    [AT.ENTRY, image.entry],
    [AT.UID, cred.uid],
    [AT.EUID, cred.euid],
    [AT.GID, cred.gid],
    [AT.EGID, cred.egid],
    [AT.SECURE, secure ? 1 : 0],
    [AT.RANDOM, random],
    [AT.EXECFN, name],
    [AT.RSEQ_FEATURE_SIZE, RSEQ_FEATURE_BYTES],
    [AT.RSEQ_ALIGN, RSEQ_ALIGN],
    [AT.NULL, 0],
  ] as const;
}

const AUXV_ENTRIES = 21;

/** argc, both pointer arrays with their nulls, and the auxiliary vector. */
function vectorBytes(program: Program): number {
  return 8 * (1 + program.argv.count + 1 + program.env.count + 1 + 2 * AUXV_ENTRIES);
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function roundDown(value: number, to: number): number {
  return Math.floor(value / to) * to;
}
