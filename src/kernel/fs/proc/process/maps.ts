/**
 * /proc/PID/maps, smaps, smaps_rollup and pagemap. See proc_pid_maps(5), proc_pid_smaps(5), pagemap in Linux's documentation.
 *
 * Interface: showMaps, showSmaps, showRollup, pagemap.
 */
import { afterMissing, PTE, pteSlot } from '../../../arch/riscv64/page-table.ts';
import { CAPABILITY } from '../../../../abi/flags/capability.ts';
import { major, minor } from '../../../../abi/file-mode.ts';
import type { ByteString } from '../../../../util/byte-string.ts';
import type { Kernel } from '../../../kernel.ts';
import { frameRefs, PAGE_SIZE } from '../../../mm/frames.ts';
import type { Mm, Vma } from '../../../mm/types.ts';
import { isKernelPage } from '../../../mm/page-range.ts';
import type { Outcome } from '../../../result.ts';
import { capable } from '../../../task/cred.ts';
import type { Task } from '../../../task/types.ts';
import { inodeOf } from '../../../vfs/inode.ts';
import { copyToIo } from '../../../vfs/io.ts';
import { pathName } from '../../../vfs/path-name.ts';
import type { Io } from '../../../vfs/types.ts';
import { escapeName, hex, kilobytes } from '../format.ts';
import type { Lines, RawFile, Target } from '../node.ts';

/** Column before which names never begin. */
const NAME_COLUMN = 73;
const { CAP_SYS_ADMIN } = CAPABILITY.values;

export function showMaps(kernel: Kernel, { task }: Target, reader: Task): Lines {
  const mm = kernel.mms.get(task.mm);
  return mm === undefined ? [] : mm.vmas.map((vma) => `${mapLine(kernel, reader, mm, vma)}\n`);
}

function mapLine(kernel: Kernel, reader: Task, mm: Mm, vma: Vma): ByteString {
  const { prot } = vma;
  const perms = `${prot & 1 ? 'r' : '-'}${prot & 2 ? 'w' : '-'}${prot & 4 ? 'x' : '-'}${vma.shared ? 's' : 'p'}`;
  const inode = vma.inode === 0 || isKernelPage(vma) ? undefined : inodeOf(kernel, vma.inode);
  const dev = inode === undefined ? 0 : kernel.superBlocks.get(inode.sb)!.dev;
  const offset = inode === undefined ? 0 : vma.offset;
  const place = `${hex(offset)} ${hex(major(dev), 2)}:${hex(minor(dev), 2)} ${inode?.ino ?? 0} `;
  const line = `${hex(vma.start)}-${hex(vma.end)} ${perms} ${place}`;
  const name = nameOf(kernel, reader, mm, vma);
  return name === '' ? line : line.padEnd(NAME_COLUMN) + name;
}

function nameOf(kernel: Kernel, reader: Task, mm: Mm, vma: Vma): ByteString {
  const file = vma.file === 0 ? undefined : kernel.files.get(vma.file);
  if (file !== undefined) {
    const name = file.path === null ? file.name : pathName(kernel, reader, file.path).path;
    return escapeName(name, '\n');
  }
  if (vma.inode !== 0) return vma.name === '' ? '/dev/zero (deleted)' : vma.name;
  if (vma.start <= mm.brk && vma.end > mm.brkStart && mm.brk > mm.brkStart) return '[heap]';
  if (vma.start <= mm.startStack && vma.end > mm.startStack) return '[stack]';
  return vma.name === '' || vma.name.startsWith('[') ? vma.name : `[anon:${vma.name}]`;
}

/** What the pages of a mapping come to; in pages, `pss` shared ones by the share. */
interface Resident {
  rss: number;
  pss: number;
  pssDirty: number;
  pssAnon: number;
  pssShmem: number;
  sharedClean: number;
  sharedDirty: number;
  privateClean: number;
  privateDirty: number;
  referenced: number;
  anonymous: number;
  locked: number;
}

export function showSmaps(kernel: Kernel, { task }: Target, reader: Task): Lines {
  const mm = kernel.mms.get(task.mm);
  if (mm === undefined) return [];
  return mm.vmas.map((vma) => {
    const sum = newResident();
    countResident(kernel, mm, vma, sum);
    const size = (vma.end - vma.start) / PAGE_SIZE;
    return [
      `${mapLine(kernel, reader, mm, vma)}\n`,
      smapsLine('Size', size),
      smapsLine('KernelPageSize', 1),
      smapsLine('MMUPageSize', 1),
      ...residentLines(sum, false),
      'THPeligible:           0\n',
      `VmFlags: ${vmFlags(vma)} \n`,
    ].join('');
  });
}

export function showRollup(kernel: Kernel, { task }: Target): Lines | 'ESRCH' {
  const mm = kernel.mms.get(task.mm);
  if (mm === undefined) return 'ESRCH';
  const sum = newResident();
  for (const vma of mm.vmas) countResident(kernel, mm, vma, sum);
  const head = `${hex(mm.vmas[0]?.start ?? 0)}-${hex(mm.vmas.at(-1)?.end ?? 0)} ---p 00000000 00:00 0 `;
  return [`${head.padEnd(NAME_COLUMN)}[rollup]\n`, ...residentLines(sum, true)];
}

function residentLines(sum: Resident, rollup: boolean): ByteString[] {
  const kinds = rollup
    ? [
        smapsLine('Pss_Anon', sum.pssAnon),
        smapsLine('Pss_File', sum.pss - sum.pssAnon - sum.pssShmem),
        smapsLine('Pss_Shmem', sum.pssShmem),
      ]
    : [];
  return [
    smapsLine('Rss', sum.rss),
    smapsLine('Pss', sum.pss),
    smapsLine('Pss_Dirty', sum.pssDirty),
    ...kinds,
    smapsLine('Shared_Clean', sum.sharedClean),
    smapsLine('Shared_Dirty', sum.sharedDirty),
    smapsLine('Private_Clean', sum.privateClean),
    smapsLine('Private_Dirty', sum.privateDirty),
    smapsLine('Referenced', sum.referenced),
    smapsLine('Anonymous', sum.anonymous),
    smapsLine('KSM', 0),
    smapsLine('LazyFree', 0),
    smapsLine('AnonHugePages', 0),
    smapsLine('ShmemPmdMapped', 0),
    smapsLine('FilePmdMapped', 0),
    smapsLine('Shared_Hugetlb', 0),
    smapsLine('Private_Hugetlb', 0),
    smapsLine('Swap', 0),
    smapsLine('SwapPss', 0),
    smapsLine('Locked', sum.locked),
  ];
}

/** Linux: 'Name:' padded to 16 columns, then the number in 8. */
function smapsLine(name: ByteString, pages: number): ByteString {
  return `${`${name}:`.padEnd(16)}${kilobytes(Math.floor(pages * 4) / 4, 8)} kB\n`;
}

function newResident(): Resident {
  return {
    rss: 0,
    pss: 0,
    pssDirty: 0,
    pssAnon: 0,
    pssShmem: 0,
    sharedClean: 0,
    sharedDirty: 0,
    privateClean: 0,
    privateDirty: 0,
    referenced: 0,
    anonymous: 0,
    locked: 0,
  };
}

function countResident(kernel: Kernel, mm: Mm, vma: Vma, sum: Resident): void {
  const isShmem = vma.inode !== 0 && vma.file === 0 && !isKernelPage(vma);
  const inode = vma.inode === 0 ? undefined : inodeOf(kernel, vma.inode);
  const before = sum.pss;
  forEachEntry(kernel, mm, vma, (entry) => {
    const pfn = entry >>> 10;
    if (pfn === kernel.frames.zeroPage) return;
    const isAnon = (entry & PTE.ANON) !== 0;
    // A page of a file has one reference that is the page cache's.
    const mapped = Math.max(1, frameRefs(kernel, pfn) - (isAnon || inode === undefined ? 0 : 1));
    const isDirty = isAnon || (entry & PTE.D) !== 0;
    sum.rss++;
    sum.pss += 1 / mapped;
    if (isDirty) sum.pssDirty += 1 / mapped;
    if (isAnon) {
      sum.anonymous++;
      sum.pssAnon += 1 / mapped;
    } else if (isShmem) sum.pssShmem += 1 / mapped;
    if ((entry & PTE.A) !== 0) sum.referenced++;
    if (mapped > 1) sum[isDirty ? 'sharedDirty' : 'sharedClean']++;
    else sum[isDirty ? 'privateDirty' : 'privateClean']++;
  });
  if (vma.locked) sum.locked += sum.pss - before;
}

function forEachEntry(kernel: Kernel, mm: Mm, vma: Vma, see: (entry: number) => void): void {
  const words = kernel.machine.ram.i32;
  for (let vpn = vma.start / PAGE_SIZE; vpn < vma.end / PAGE_SIZE;) {
    const slot = pteSlot(kernel, mm.root, vpn);
    if (slot < 0) {
      vpn = afterMissing(vpn, slot);
      continue;
    }
    const entry = words[slot]!;
    if (entry !== 0) see(entry);
    vpn++;
  }
}

function vmFlags(vma: Vma): ByteString {
  const flags = [
    (vma.prot & 1) !== 0 ? 'rd' : '',
    (vma.prot & 2) !== 0 ? 'wr' : '',
    (vma.prot & 4) !== 0 ? 'ex' : '',
    vma.shared ? 'sh' : '',
    'mr',
    'mw',
    'me',
    vma.shared ? 'ms' : '',
    vma.growsDown ? 'gd' : '',
    vma.locked ? 'lo' : '',
    vma.dontFork ? 'dc' : '',
    vma.noReserve ? 'nr' : '',
    vma.wipeOnFork ? 'wf' : '',
    vma.dontDump ? 'dd' : '',
    'ac',
  ];
  return flags.filter((flag) => flag !== '').join(' ');
}

const ENTRY_BYTES = 8;
const PAGEMAP_PRESENT = 1n << 63n;
const PAGEMAP_FILE = 1n << 61n;
const PAGEMAP_EXCLUSIVE = 1n << 56n;
const MAX_ENTRIES = 4096;

/** One word for each page of the address space. Frame numbers only for those who may know them. */
export const pagemap: RawFile<Target> = { read: readPagemap };

function readPagemap(
  kernel: Kernel,
  { task }: Target,
  reader: Task,
  _state: unknown,
  io: Io,
  pos: number,
): Outcome<number> {
  const mm = kernel.mms.get(task.mm);
  if (pos % ENTRY_BYTES !== 0 || io.remaining % ENTRY_BYTES !== 0) return 'EINVAL';
  if (mm === undefined) return 0;
  const first = pos / ENTRY_BYTES;
  const count = Math.min(io.remaining / ENTRY_BYTES, mm.taskSize / PAGE_SIZE - first, MAX_ENTRIES);
  if (count <= 0) return 0;
  const bytes = new Uint8Array(count * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  const seesFrames = capable(reader.cred, CAP_SYS_ADMIN);
  for (let i = 0; i < count; i++) {
    const slot = pteSlot(kernel, mm.root, first + i);
    const entry = slot < 0 ? 0 : kernel.machine.ram.i32[slot]!;
    if (entry === 0) continue;
    const pfn = entry >>> 10;
    const isAnon = (entry & PTE.ANON) !== 0;
    const shared = isAnon ? 0n : PAGEMAP_FILE;
    const exclusive = isAnon && frameRefs(kernel, pfn) === 1 ? PAGEMAP_EXCLUSIVE : 0n;
    view.setBigUint64(i * ENTRY_BYTES, PAGEMAP_PRESENT | shared | exclusive | (seesFrames ? BigInt(pfn) : 0n), true);
  }
  return copyToIo(kernel, io, bytes, 0, bytes.length);
}
