/**
 * A static ELF file for riscv64 Linux, of segments and an entry. See elf(5).
 *
 * Interface: elfFile, Segment.
 */
const PAGE = 4096;
const EHDR_BYTES = 64;
const PHDR_BYTES = 56;
const [ET_EXEC, EM_RISCV, PT_LOAD] = [2, 243, 1] as const;
/** Compressed instructions, double-precision ABI. */
const FLAGS = 5;

export interface Segment {
  /** Virtual address, at the start of a page. */
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly access: 'r' | 'rw' | 'rx' | 'rwx';
}

export function elfFile(entry: number, segments: readonly Segment[]): Uint8Array {
  const inOrder = [...segments].sort((one, other) => one.start - other.start);
  let end = PAGE;
  const offsets = inOrder.map(({ bytes }) => {
    const offset = end;
    end += Math.ceil(bytes.length / PAGE) * PAGE;
    return offset;
  });
  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  const put64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, ET_EXEC, true);
  view.setUint16(18, EM_RISCV, true);
  view.setUint32(20, 1, true);
  put64(24, entry);
  put64(32, EHDR_BYTES);
  view.setUint32(48, FLAGS, true);
  view.setUint16(52, EHDR_BYTES, true);
  view.setUint16(54, PHDR_BYTES, true);
  view.setUint16(56, inOrder.length, true);
  inOrder.forEach(({ start, bytes, access }, index) => {
    const at = EHDR_BYTES + index * PHDR_BYTES;
    view.setUint32(at, PT_LOAD, true);
    view.setUint32(at + 4, flagsOf(access), true);
    put64(at + 8, offsets[index]!);
    put64(at + 16, start);
    put64(at + 24, start);
    put64(at + 32, bytes.length);
    put64(at + 40, bytes.length);
    put64(at + 48, PAGE);
    file.set(bytes, offsets[index]!);
  });
  return file;
}

function flagsOf(access: Segment['access']): number {
  return 4 | (access.includes('w') ? 2 : 0) | (access.includes('x') ? 1 : 0);
}
