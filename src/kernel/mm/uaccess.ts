/**
 * User memory, as the kernel reads and writes it. The only way to it.
 *
 * Interface: userPageOffset, accessOk; copyFromUser, copyToUser, clearUser, getUser8/16/32/I32/64/I64/Big64,
 * putUser8/16/32/64/Big64, strnlenUser, strncpyFromUser; the same with suffix Mm for another address space; readUserStruct,
 * writeUserStruct.
 * Addresses are any numbers: what is not a user address is EFAULT. 64-bit values are numbers, exact below 2^53 (I64: signed), or bigints.
 * A copy that fails may have copied a part. Nothing here allocates when the page is present, but for bigints and strings.
 */
import { frameWords, PTE } from '../arch/riscv64/page-table.ts';
import {
  encodeStruct,
  decodeStruct,
  type Fields,
  type Layout,
  type StructDef,
  type ValuesOf,
} from '../../abi/struct.ts';
import { byteStringOf, type ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import { ACCESS, FAULT, faultIn } from './fault.ts';
import { FIRST_PFN, PAGE_SIZE } from './frames.ts';
import type { Mm } from './types.ts';

const OFFSET_MASK = PAGE_SIZE - 1;
const READABLE = PTE.V | PTE.U | PTE.R | PTE.A;
const WRITABLE = PTE.V | PTE.U | PTE.W | PTE.A | PTE.D;
const TWO_32 = 0x1_0000_0000;

/**
 * Offset in `machine.ram.u8` of the byte at `address`, valid to the end of its page and until anything else is allocated;
 * -1: EFAULT. The page is faulted in if need be, and marked accessed (and dirty) as the hart would.
 */
export function userPageOffset(kernel: Kernel, mm: Mm, address: number, write: boolean): number {
  if (!(address >= 0 && address < mm.taskSize)) return -1;
  const words = kernel.machine.ram.i32;
  const base = frameWords(kernel);
  const vpn = (address / PAGE_SIZE) | 0;
  const needed = write ? WRITABLE : READABLE;
  const upper = words[base + mm.root * 1024 + (vpn >>> 18) * 2]!;
  if (upper !== 0) {
    const middle = words[base + (upper & PTE.FRAME) + ((vpn >>> 9) & 511) * 2]!;
    if (middle !== 0) {
      const entry = words[base + (middle & PTE.FRAME) + (vpn & 511) * 2]!;
      if ((entry & needed) === needed) {
        if (write && kernel.frames.mayHoldCode[(entry >>> 10) - FIRST_PFN] !== 0) {
          kernel.machine.invalidateCode(entry >>> 10);
        }
        return (base + (entry & PTE.FRAME)) * 4 + (address & OFFSET_MASK);
      }
    }
  }
  return faultOffset(kernel, mm, address, write);
}

/** Whether [address, address + length) are user addresses; says nothing of what is mapped. */
export function accessOk(mm: Mm, address: number, length: number): boolean {
  return address >= 0 && length >= 0 && address + length <= mm.taskSize;
}

function faultOffset(kernel: Kernel, mm: Mm, address: number, write: boolean): number {
  const words = kernel.machine.ram.i32;
  const slot = userSlot(kernel, mm, address);
  const permission = PTE.V | PTE.U | (write ? PTE.W : PTE.R);
  if (slot < 0 || (words[slot]! & permission) !== permission) {
    const result = faultIn(kernel, mm, address, write ? ACCESS.write : ACCESS.read);
    if (result !== FAULT.minor && result !== FAULT.major) return -1;
  }
  const present = slot < 0 ? userSlot(kernel, mm, address) : slot;
  const entry = words[present]!;
  // Exec-only pages are mapped, but not for reading.
  if ((entry & permission) !== permission) return -1;
  words[present] = entry | PTE.A | (write ? PTE.D : 0);
  if (write && kernel.frames.mayHoldCode[(entry >>> 10) - FIRST_PFN] !== 0) kernel.machine.invalidateCode(entry >>> 10);
  return (frameWords(kernel) + (entry & PTE.FRAME)) * 4 + (address & OFFSET_MASK);
}

function userSlot(kernel: Kernel, mm: Mm, address: number): number {
  const words = kernel.machine.ram.i32;
  const base = frameWords(kernel);
  const vpn = (address / PAGE_SIZE) | 0;
  const upper = words[base + mm.root * 1024 + (vpn >>> 18) * 2]!;
  if (upper === 0) return -1;
  const middle = words[base + (upper & PTE.FRAME) + ((vpn >>> 9) & 511) * 2]!;
  return middle === 0 ? -1 : base + (middle & PTE.FRAME) + (vpn & 511) * 2;
}

export function copyFromUser(kernel: Kernel, task: Task, address: number, into: Uint8Array): 0 | 'EFAULT' {
  const mm = kernel.mms.get(task.mm);
  return mm === undefined ? 'EFAULT' : copyFromUserMm(kernel, mm, address, into);
}

export function copyFromUserMm(kernel: Kernel, mm: Mm, address: number, into: Uint8Array): 0 | 'EFAULT' {
  const ram = kernel.machine.ram.u8;
  for (let done = 0; done < into.length;) {
    const at = userPageOffset(kernel, mm, address + done, false);
    if (at < 0) return 'EFAULT';
    const step = Math.min(PAGE_SIZE - (at & OFFSET_MASK), into.length - done);
    if (step <= 32) for (let i = 0; i < step; i++) into[done + i] = ram[at + i]!;
    else into.set(ram.subarray(at, at + step), done);
    done += step;
  }
  return 0;
}

export function copyToUser(kernel: Kernel, task: Task, address: number, bytes: Uint8Array): 0 | 'EFAULT' {
  const mm = kernel.mms.get(task.mm);
  return mm === undefined ? 'EFAULT' : copyToUserMm(kernel, mm, address, bytes);
}

export function copyToUserMm(kernel: Kernel, mm: Mm, address: number, bytes: Uint8Array): 0 | 'EFAULT' {
  const ram = kernel.machine.ram.u8;
  for (let done = 0; done < bytes.length;) {
    const at = userPageOffset(kernel, mm, address + done, true);
    if (at < 0) return 'EFAULT';
    const step = Math.min(PAGE_SIZE - (at & OFFSET_MASK), bytes.length - done);
    if (step <= 32) for (let i = 0; i < step; i++) ram[at + i] = bytes[done + i]!;
    else if (step === bytes.length) ram.set(bytes, at);
    else ram.set(bytes.subarray(done, done + step), at);
    done += step;
  }
  return 0;
}

export function clearUser(kernel: Kernel, task: Task, address: number, length: number): 0 | 'EFAULT' {
  const mm = kernel.mms.get(task.mm);
  return mm === undefined ? 'EFAULT' : clearUserMm(kernel, mm, address, length);
}

export function clearUserMm(kernel: Kernel, mm: Mm, address: number, length: number): 0 | 'EFAULT' {
  if (!(length >= 0) || (length > 0 && !accessOk(mm, address, length))) return 'EFAULT';
  for (let done = 0; done < length;) {
    const at = userPageOffset(kernel, mm, address + done, true);
    if (at < 0) return 'EFAULT';
    const step = Math.min(PAGE_SIZE - (at & OFFSET_MASK), length - done);
    kernel.machine.ram.u8.fill(0, at, at + step);
    done += step;
  }
  return 0;
}

/** Offset of `size` (1, 2, 4, 8) bytes that lie in one page and are aligned for the views; -1: not so, or EFAULT. */
function scalarOffset(kernel: Kernel, task: Task, address: number, size: number, write: boolean): number {
  if ((address & (size - 1)) !== 0) return -1;
  const mm = kernel.mms.get(task.mm);
  return mm === undefined ? -1 : userPageOffset(kernel, mm, address, write);
}

/** For scalars that are not aligned: they may lie across two pages. */
const scratch = new Uint8Array(8);
const scratchView = new DataView(scratch.buffer);

/** Copies a scalar to `scratch`. */
function fetchScalar(kernel: Kernel, task: Task, address: number, size: number): boolean {
  for (let i = 0; i < size; i++) {
    const byte = getUser8(kernel, task, address + i);
    if (typeof byte === 'string') return false;
    scratch[i] = byte;
  }
  return true;
}

/** Copies a scalar from `scratch`. Nothing is written unless all of it can be. */
function storeScalar(kernel: Kernel, task: Task, address: number, size: number): 0 | 'EFAULT' {
  const mm = kernel.mms.get(task.mm);
  if (mm === undefined || userPageOffset(kernel, mm, address + size - 1, true) < 0) return 'EFAULT';
  for (let i = 0; i < size; i++) {
    const at = userPageOffset(kernel, mm, address + i, true);
    if (at < 0) return 'EFAULT';
    kernel.machine.ram.u8[at] = scratch[i]!;
  }
  return 0;
}

export function getUser8(kernel: Kernel, task: Task, address: number): number | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 1, false);
  return at < 0 ? 'EFAULT' : kernel.machine.ram.u8[at]!;
}

export function getUser16(kernel: Kernel, task: Task, address: number): number | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 2, false);
  if (at >= 0) return kernel.machine.ram.view.getUint16(at, true);
  return fetchScalar(kernel, task, address, 2) ? scratchView.getUint16(0, true) : 'EFAULT';
}

export function getUser32(kernel: Kernel, task: Task, address: number): number | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 4, false);
  if (at >= 0) return kernel.machine.ram.u32[at >>> 2]!;
  return fetchScalar(kernel, task, address, 4) ? scratchView.getUint32(0, true) : 'EFAULT';
}

export function getUserI32(kernel: Kernel, task: Task, address: number): number | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 4, false);
  if (at >= 0) return kernel.machine.ram.i32[at >>> 2]!;
  return fetchScalar(kernel, task, address, 4) ? scratchView.getInt32(0, true) : 'EFAULT';
}

export function getUser64(kernel: Kernel, task: Task, address: number): number | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 8, false);
  if (at >= 0) {
    const words = kernel.machine.ram.u32;
    return words[(at >>> 2) + 1]! * TWO_32 + words[at >>> 2]!;
  }
  if (!fetchScalar(kernel, task, address, 8)) return 'EFAULT';
  return scratchView.getUint32(4, true) * TWO_32 + scratchView.getUint32(0, true);
}

export function getUserI64(kernel: Kernel, task: Task, address: number): number | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 8, false);
  if (at >= 0) {
    const word = at >>> 2;
    return kernel.machine.ram.i32[word + 1]! * TWO_32 + kernel.machine.ram.u32[word]!;
  }
  if (!fetchScalar(kernel, task, address, 8)) return 'EFAULT';
  return scratchView.getInt32(4, true) * TWO_32 + scratchView.getUint32(0, true);
}

export function getUserBig64(kernel: Kernel, task: Task, address: number): bigint | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 8, false);
  if (at >= 0) return kernel.machine.ram.view.getBigUint64(at, true);
  return fetchScalar(kernel, task, address, 8) ? scratchView.getBigUint64(0, true) : 'EFAULT';
}

export function putUser8(kernel: Kernel, task: Task, address: number, value: number): 0 | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 1, true);
  if (at < 0) return 'EFAULT';
  kernel.machine.ram.u8[at] = value;
  return 0;
}

export function putUser16(kernel: Kernel, task: Task, address: number, value: number): 0 | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 2, true);
  if (at < 0) {
    scratchView.setUint16(0, value, true);
    return storeScalar(kernel, task, address, 2);
  }
  kernel.machine.ram.view.setUint16(at, value, true);
  return 0;
}

export function putUser32(kernel: Kernel, task: Task, address: number, value: number): 0 | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 4, true);
  if (at < 0) {
    scratchView.setInt32(0, value, true);
    return storeScalar(kernel, task, address, 4);
  }
  kernel.machine.ram.i32[at >>> 2] = value;
  return 0;
}

/** `value` may be negative: it is stored as two's complement. */
export function putUser64(kernel: Kernel, task: Task, address: number, value: number): 0 | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 8, true);
  const high = Math.floor(value / TWO_32);
  if (at < 0) {
    scratchView.setUint32(0, value, true);
    scratchView.setUint32(4, high, true);
    return storeScalar(kernel, task, address, 8);
  }
  const words = kernel.machine.ram.u32;
  words[at >>> 2] = value;
  words[(at >>> 2) + 1] = high;
  return 0;
}

export function putUserBig64(kernel: Kernel, task: Task, address: number, value: bigint): 0 | 'EFAULT' {
  const at = scalarOffset(kernel, task, address, 8, true);
  if (at < 0) {
    scratchView.setBigUint64(0, BigInt.asUintN(64, value), true);
    return storeScalar(kernel, task, address, 8);
  }
  kernel.machine.ram.view.setBigUint64(at, BigInt.asUintN(64, value), true);
  return 0;
}

/** Length of a string with its NUL, as Linux's; `max + 1` if there is no NUL in the first `max` bytes. */
export function strnlenUser(kernel: Kernel, task: Task, address: number, max: number): number | 'EFAULT' {
  const mm = kernel.mms.get(task.mm);
  if (mm === undefined) return 'EFAULT';
  const ram = kernel.machine.ram.u8;
  for (let done = 0; done < max;) {
    const at = userPageOffset(kernel, mm, address + done, false);
    if (at < 0) return 'EFAULT';
    const step = Math.min(PAGE_SIZE - (at & OFFSET_MASK), max - done);
    for (let i = 0; i < step; i++) if (ram[at + i] === 0) return done + i + 1;
    done += step;
  }
  return max + 1;
}

/** The string at `address` without its NUL. ENAMETOOLONG: its NUL is not among the first `max` bytes. */
export function strncpyFromUser(
  kernel: Kernel,
  task: Task,
  address: number,
  max: number,
): { bytes: ByteString } | 'EFAULT' | 'ENAMETOOLONG' {
  const mm = kernel.mms.get(task.mm);
  if (mm === undefined) return 'EFAULT';
  const ram = kernel.machine.ram.u8;
  let text = '';
  for (let done = 0; done < max;) {
    const at = userPageOffset(kernel, mm, address + done, false);
    if (at < 0) return 'EFAULT';
    const step = Math.min(PAGE_SIZE - (at & OFFSET_MASK), max - done);
    let end = at;
    while (end < at + step && ram[end] !== 0) end++;
    text += byteStringOf(ram, at, end);
    if (end < at + step) return { bytes: text };
    done += step;
  }
  return 'ENAMETOOLONG';
}

export function readUserStruct<F extends Fields>(
  kernel: Kernel,
  task: Task,
  address: number,
  layout: Layout<F>,
): ValuesOf<StructDef<F>> | 'EFAULT' {
  const bytes = new Uint8Array(layout.size);
  if (copyFromUser(kernel, task, address, bytes) !== 0) return 'EFAULT';
  return decodeStruct(layout, bytes);
}

export function writeUserStruct<F extends Fields>(
  kernel: Kernel,
  task: Task,
  address: number,
  layout: Layout<F>,
  values: Partial<ValuesOf<StructDef<F>>>,
): 0 | 'EFAULT' {
  return copyToUser(kernel, task, address, encodeStruct(layout, values));
}
