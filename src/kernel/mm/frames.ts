/**
 * Physical frames: who holds each 4 KiB of RAM, and the list of free ones.
 *
 * Interface: createFrameTable, allocFrame, takeFrame, allocFrames, getFrame, putFrame, frameRefs, frameOffset, frameBytes,
 * wroteFrame, PAGE_SIZE, PAGE_SHIFT.
 * Invariants: refs 0 means free, and then a frame below highWater is on the free list. Fresh memory is zero; a frame that is
 * used again is cleared when it is allocated, not when it is freed.
 * This is the lowest level: it never reclaims. Memory that programs cause to be allocated comes through user-frames.ts.
 */
import { RAM_BASE, type Machine } from '../../machine/machine.ts';
import type { Pfn } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { FrameTable } from './types.ts';

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;

export const FIRST_PFN: Pfn = RAM_BASE / PAGE_SIZE;

/** All frames free but the first, which is the page of zeros. */
export function createFrameTable(machine: Machine): FrameTable {
  const pages = Math.floor(machine.ram.bytes / PAGE_SIZE);
  const refs = new Uint32Array(pages);
  refs[0] = 1;
  return {
    firstPfn: FIRST_PFN,
    pages,
    refs,
    nextFree: new Uint32Array(pages),
    prevFree: new Uint32Array(pages),
    mayHoldCode: new Uint8Array(pages),
    freeHead: 0,
    freePages: pages - 1,
    highWater: 1,
    zeroPage: FIRST_PFN,
    kernelRoot: 0,
    nextAsid: 1,
    freeAsids: [],
    cachePages: 0,
    tablePages: 0,
    reclaimCursor: 0,
  };
}

/** A zeroed frame with one reference. */
export function allocFrame(kernel: Kernel): Pfn | 'ENOMEM' {
  const pfn = takeFrame(kernel, true);
  return pfn === 0 ? 'ENOMEM' : pfn;
}

/** A frame with one reference, or 0. Not `zeroed`: it holds what it held before, and the caller overwrites all of it. */
export function takeFrame(kernel: Kernel, zeroed: boolean): Pfn {
  const frames = kernel.frames;
  const head = frames.freeHead;
  if (head !== 0) {
    const index = head - 1;
    unlinkFree(frames, index);
    frames.refs[index] = 1;
    frames.freePages--;
    if (zeroed) clearFrames(kernel, FIRST_PFN + index, 1);
    return FIRST_PFN + index;
  }
  if (frames.highWater >= frames.pages) return 0;
  const index = frames.highWater++;
  frames.refs[index] = 1;
  frames.freePages--;
  return FIRST_PFN + index;
}

/** `count` zeroed frames with consecutive numbers, each with one reference. Gives the first. */
export function allocFrames(kernel: Kernel, count: number): Pfn | 'ENOMEM' {
  const frames = kernel.frames;
  const reused = findFreeRun(frames, count);
  if (reused >= 0) {
    for (let i = reused; i < reused + count; i++) {
      unlinkFree(frames, i);
      frames.refs[i] = 1;
    }
    frames.freePages -= count;
    clearFrames(kernel, FIRST_PFN + reused, count);
    return FIRST_PFN + reused;
  }
  if (frames.highWater + count > frames.pages) return 'ENOMEM';
  const first = frames.highWater;
  frames.refs.fill(1, first, first + count);
  frames.highWater += count;
  frames.freePages -= count;
  return FIRST_PFN + first;
}

export function getFrame(kernel: Kernel, pfn: Pfn): void {
  kernel.frames.refs[pfn - FIRST_PFN]!++;
}

/** Gives a reference back; the last one frees the frame. */
export function putFrame(kernel: Kernel, pfn: Pfn): void {
  const index = pfn - FIRST_PFN;
  const frames = kernel.frames;
  if (--frames.refs[index]! === 0) freeFrame(kernel, frames, index);
}

export function frameRefs(kernel: Kernel, pfn: Pfn): number {
  return kernel.frames.refs[pfn - FIRST_PFN]!;
}

/** Byte offset of a frame in the views of `machine.ram`. */
export function frameOffset(kernel: Kernel, pfn: Pfn): number {
  return kernel.machine.ram.offsetOf(pfn * PAGE_SIZE);
}

/** The bytes of a frame. */
export function frameBytes(kernel: Kernel, pfn: Pfn): Uint8Array {
  const offset = frameOffset(kernel, pfn);
  return kernel.machine.ram.u8.subarray(offset, offset + PAGE_SIZE);
}

/** To be called after the kernel has written to a frame that a program may have mapped. */
export function wroteFrame(kernel: Kernel, pfn: Pfn): void {
  if (kernel.frames.mayHoldCode[pfn - FIRST_PFN] !== 0) kernel.machine.invalidateCode(pfn);
}

function freeFrame(kernel: Kernel, frames: FrameTable, index: number): void {
  if (frames.mayHoldCode[index] !== 0) {
    frames.mayHoldCode[index] = 0;
    kernel.machine.invalidateCode(FIRST_PFN + index);
  }
  const head = frames.freeHead;
  frames.nextFree[index] = head;
  frames.prevFree[index] = 0;
  if (head !== 0) frames.prevFree[head - 1] = index + 1;
  frames.freeHead = index + 1;
  frames.freePages++;
}

function unlinkFree(frames: FrameTable, index: number): void {
  const next = frames.nextFree[index]!;
  const previous = frames.prevFree[index]!;
  if (previous === 0) frames.freeHead = next;
  else frames.nextFree[previous - 1] = next;
  if (next !== 0) frames.prevFree[next - 1] = previous;
}

/** How many free frames, newest first, are tried before never-used memory is taken. */
const QUICK_TRIES = 4;

/** Index of `count` adjacent free frames below highWater, or -1. */
function findFreeRun(frames: FrameTable, count: number): number {
  if (frames.freePages - (frames.pages - frames.highWater) < count) return -1;
  // What was freed last was often such a run before.
  let candidate = frames.freeHead;
  for (let tries = 0; candidate !== 0 && tries < QUICK_TRIES; tries++) {
    const run = runAround(frames, candidate - 1, count);
    if (run >= 0) return run;
    candidate = frames.nextFree[candidate - 1]!;
  }
  if (frames.highWater + count <= frames.pages) return -1;
  for (let index = 0; index + count <= frames.highWater; index++) {
    let length = 0;
    while (length < count && frames.refs[index + length] === 0) length++;
    if (length === count) return index;
    index += length;
  }
  return -1;
}

function runAround(frames: FrameTable, index: number, count: number): number {
  let first = index;
  while (index - first < count - 1 && first > 0 && frames.refs[first - 1] === 0) first--;
  let last = index;
  while (last - first < count - 1 && last + 1 < frames.highWater && frames.refs[last + 1] === 0) last++;
  return last - first === count - 1 ? first : -1;
}

function clearFrames(kernel: Kernel, first: Pfn, count: number): void {
  const offset = frameOffset(kernel, first);
  kernel.machine.ram.u8.fill(0, offset, offset + count * PAGE_SIZE);
}
