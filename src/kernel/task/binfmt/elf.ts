/**
 * ELF programs: static, static-pie, and dynamic with an interpreter. See elf(5), ld.so(8); Linux fs/binfmt_elf.c.
 *
 * Interface: elfFormat.
 * Up to beginExec an error is execve's error. After it the old program is gone, and an error kills the process (task/exec.ts).
 */
import { AT_FD } from '../../../abi/flags/at.ts';
import { MMAP, MMAP_PROT } from '../../../abi/flags/memory.ts';
import type { Errno } from '../../../abi/errno.ts';
import { byteStringOf } from '../../../util/byte-string.ts';
import { initTrapFrame } from '../../arch/arch.ts';
import type { Kernel } from '../../kernel.ts';
import { mmapRegion } from '../../mm/mmap.ts';
import { findRoom } from '../../mm/placement.ts';
import type { Mm } from '../../mm/types.ts';
import { clearUserMm } from '../../mm/uaccess.ts';
import { failed, type Outcome } from '../../result.ts';
import { beginExec, type Program } from '../exec-commit.ts';
import { closeProgram, headOf, openProgram, type ProgramFile, readAt } from '../exec-file.ts';
import { buildStack, mapStack } from '../exec-stack.ts';
import { mapVdso } from '../vdso.ts';
import type { Task } from '../types.ts';
import {
  type ElfHeader,
  ET_DYN,
  ET_EXEC,
  isForThisMachine,
  maximumAlignment,
  PF_R,
  PF_W,
  PF_X,
  type ProgramHeader,
  programHeadersBytes,
  PT_GNU_STACK,
  PT_INTERP,
  PT_LOAD,
  readElfHeader,
  readProgramHeaders,
  totalMappingSize,
} from './elf-header.ts';
import type { BinaryFormat } from './format.ts';

/** An ELF file with its headers read. */
interface Image {
  readonly file: ProgramFile;
  readonly header: ElfHeader;
  readonly segments: ProgramHeader[];
}

/** Where a position-independent program goes (ELF_ET_DYN_BASE). */
const PIE_BASE = 0x4000_0000;
const PAGE_BYTES = 4096;
const PATH_MAX = 4096;

const { PROT_READ, PROT_WRITE, PROT_EXEC } = MMAP_PROT.values;
const { MAP_PRIVATE, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_ANONYMOUS } = MMAP.values;

export const elfFormat: BinaryFormat = {
  name: 'elf',
  load(kernel, task, program) {
    const image = readImage(kernel, program.file);
    if (failed(image)) return image;
    const interpreter = openInterpreter(kernel, task, image);
    if (failed(interpreter)) return interpreter;
    const started = start(kernel, task, program, image, interpreter);
    if (interpreter !== null) closeProgram(kernel, interpreter.file);
    return failed(started) ? started : { done: 'started' };
  },
};

/** Reads and checks the headers. ENOEXEC for what is no program of this machine. */
function readImage(kernel: Kernel, file: ProgramFile): Outcome<Image> {
  const head = headOf(kernel, file.inode);
  if (failed(head)) return head;
  const { u8 } = kernel.machine.ram;
  const header = readElfHeader(u8, head.at, head.length);
  if (header === null || !isForThisMachine(header)) return 'ENOEXEC';
  if (header.type !== ET_EXEC && header.type !== ET_DYN) return 'ENOEXEC';
  const bytes = programHeadersBytes(header);
  const offset = header.programHeaderOffset;
  if (bytes === 0) return 'ENOEXEC';
  if (offset + bytes <= head.length)
    return { file, header, segments: readProgramHeaders(u8, head.at + offset, header.programHeaderCount) };
  const copy = readAt(kernel, file.inode, offset, bytes);
  if (copy === 'EIO') return 'ENOEXEC';
  if (failed(copy)) return copy;
  return { file, header, segments: readProgramHeaders(copy, 0, header.programHeaderCount) };
}

/** The dynamic linker that PT_INTERP names; null if there is none. */
function openInterpreter(kernel: Kernel, task: Task, image: Image): Outcome<Image | null> {
  const segment = image.segments.find(({ type }) => type === PT_INTERP);
  if (segment === undefined) return null;
  if (segment.fileSize > PATH_MAX || segment.fileSize < 2) return 'ENOEXEC';
  const name = readAt(kernel, image.file.inode, segment.offset, segment.fileSize);
  if (failed(name)) return name;
  if (name[name.length - 1] !== 0) return 'ENOEXEC';
  const path = byteStringOf(name, 0, name.indexOf(0));
  const file = openProgram(kernel, task, AT_FD.values.AT_FDCWD, path, true, false);
  if (failed(file)) return file;
  const interpreter = file.inode.size < 64 ? 'EIO' : readImage(kernel, file);
  if (!failed(interpreter)) return interpreter;
  closeProgram(kernel, file);
  return interpreter === 'ENOEXEC' ? 'ELIBBAD' : interpreter;
}

/** Passes the point of no return, maps everything and sets the registers. */
function start(kernel: Kernel, task: Task, program: Program, image: Image, interpreter: Image | null): Outcome<0> {
  const mm = beginExec(kernel, task, program);
  if (failed(mm)) return mm;
  const stackFlags = image.segments.findLast(({ type }) => type === PT_GNU_STACK)?.flags ?? 0;
  const stack = mapStack(kernel, task, mm, program, (stackFlags & PF_X) !== 0);
  if (stack !== 0) return stack;
  const bias = mapProgram(kernel, mm, image);
  if (typeof bias === 'string') return bias;
  let interpreterBase = 0;
  let entry = image.header.entry + bias;
  if (interpreter !== null) {
    const base = mapInterpreter(kernel, mm, interpreter);
    if (typeof base === 'string') return base;
    interpreterBase = base;
    entry = base + interpreter.header.entry;
  }
  if (!(entry < mm.taskSize)) return 'EINVAL';
  const vdso = mapVdso(kernel, mm);
  if (vdso !== 0) return vdso;
  const stackPointer = buildStack(kernel, task, mm, program, {
    entry: image.header.entry + bias,
    programHeaders: programHeadersAddress(image) + bias,
    programHeaderCount: image.header.programHeaderCount,
    interpreterBase,
  });
  if (typeof stackPointer === 'string') return stackPointer;
  initTrapFrame(kernel, task, entry, stackPointer);
  return 0;
}

/** Maps the program's segments and sets the bounds of the address space. Gives what is added to its addresses. */
function mapProgram(kernel: Kernel, mm: Mm, image: Image): number | Errno {
  const loads = image.segments.filter(({ type }) => type === PT_LOAD);
  let bias = 0;
  if (image.header.type === ET_DYN) {
    if (totalMappingSize(loads) === 0) return 'EINVAL';
    const align = maximumAlignment(loads);
    bias = PIE_BASE - (PIE_BASE % align) - pageStart(loads[0]!.address);
  }
  const mapped = mapSegments(kernel, mm, image.file, loads, bias);
  if (mapped !== 0) return mapped;
  let brk = 0;
  mm.startCode = Infinity;
  for (const { address, fileSize, memorySize, flags } of loads) {
    const at = address + bias;
    mm.startCode = Math.min(mm.startCode, at);
    mm.startData = Math.max(mm.startData, at);
    if ((flags & PF_X) !== 0) mm.endCode = Math.max(mm.endCode, at + fileSize);
    mm.endData = Math.max(mm.endData, at + fileSize);
    brk = Math.max(brk, at + memorySize);
  }
  if (loads.length === 0) mm.startCode = 0;
  mm.brkStart = pageEnd(brk);
  mm.brk = mm.brkStart;
  return bias;
}

/** Maps the interpreter where there is room. Gives its load bias. */
function mapInterpreter(kernel: Kernel, mm: Mm, image: Image): number | Errno {
  const loads = image.segments.filter(({ type }) => type === PT_LOAD);
  const size = pageEnd(totalMappingSize(loads));
  if (size === 0 || !(size < mm.taskSize)) return 'EINVAL';
  let bias = 0;
  if (image.header.type === ET_DYN) {
    const room = findRoom(mm, 0, size);
    if (typeof room === 'string') return room;
    bias = room - pageStart(loads.reduce((least, { address }) => Math.min(least, address), Infinity));
  }
  const mapped = mapSegments(kernel, mm, image.file, loads, bias);
  return mapped === 0 ? bias : mapped;
}

function mapSegments(kernel: Kernel, mm: Mm, file: ProgramFile, loads: ProgramHeader[], bias: number): 0 | Errno {
  let fixed: number = MAP_FIXED_NOREPLACE;
  for (const segment of loads) {
    const { address, fileSize, memorySize } = segment;
    if (fileSize > memorySize || !(memorySize <= mm.taskSize) || !(address + bias + memorySize <= mm.taskSize))
      return 'EINVAL';
    if (address + bias < 0) return 'EINVAL';
    const mapped = mapSegment(kernel, mm, file, segment, address + bias, fixed);
    if (mapped !== 0) return mapped;
    // Linux: later segments may lie over earlier ones.
    fixed = MAP_FIXED;
  }
  return 0;
}

/** One PT_LOAD: file pages, zeros to the end of the last of them, then anonymous pages. */
function mapSegment(
  kernel: Kernel,
  mm: Mm,
  file: ProgramFile,
  segment: ProgramHeader,
  at: number,
  fixed: number,
): 0 | Errno {
  const start = pageStart(at);
  const prot = protectionOf(segment.flags);
  const fileEnd = at + segment.fileSize;
  let anonymousStart = start;
  if (segment.fileSize > 0) {
    const offset = segment.offset - (at - start);
    if (offset < 0 || offset % PAGE_BYTES !== 0 || !(offset < 2 ** 52)) return 'EINVAL';
    const mapped = mmapRegion(kernel, mm, {
      address: start,
      length: pageEnd(fileEnd) - start,
      prot,
      flags: MAP_PRIVATE | fixed,
      file: file.file,
      offset,
    });
    if (typeof mapped === 'string') return mapped;
    anonymousStart = pageEnd(fileEnd);
    if (segment.memorySize === segment.fileSize) return 0;
    if (fileEnd < anonymousStart && (prot & PROT_WRITE) !== 0) {
      const length = Math.min(anonymousStart, at + segment.memorySize) - fileEnd;
      // Linux clears to the end of the page, whatever the segment's end.
      if (length > 0 && clearUserMm(kernel, mm, fileEnd, anonymousStart - fileEnd) !== 0) return 'EFAULT';
    }
  }
  const end = pageEnd(at + segment.memorySize);
  if (end <= anonymousStart) return 0;
  const mapped = mmapRegion(kernel, mm, {
    address: anonymousStart,
    length: end - anonymousStart,
    prot: PROT_READ | PROT_WRITE | (prot & PROT_EXEC),
    flags: MAP_PRIVATE | MAP_ANONYMOUS | (segment.fileSize > 0 ? MAP_FIXED : fixed),
    file: null,
    offset: 0,
  });
  return typeof mapped === 'string' ? mapped : 0;
}

/** AT_PHDR without the bias: where the segment that holds the program headers puts them; 0 if none does. */
function programHeadersAddress(image: Image): number {
  const at = image.header.programHeaderOffset;
  const holder = image.segments.find(
    ({ type, offset, fileSize }) => type === PT_LOAD && offset <= at && at < offset + fileSize,
  );
  return holder === undefined ? 0 : at - holder.offset + holder.address;
}

function protectionOf(flags: number): number {
  return (
    ((flags & PF_R) !== 0 ? PROT_READ : 0) |
    ((flags & PF_W) !== 0 ? PROT_WRITE : 0) |
    ((flags & PF_X) !== 0 ? PROT_EXEC : 0)
  );
}

function pageStart(address: number): number {
  return address - (address % PAGE_BYTES);
}

function pageEnd(address: number): number {
  return Math.ceil(address / PAGE_BYTES) * PAGE_BYTES;
}
