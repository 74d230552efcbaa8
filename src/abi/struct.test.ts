import { describe, expect, it } from 'vitest';
import { decodeStruct, encodeStruct, layoutOf, readStruct, writeStruct } from './struct.ts';
import { SIGINFO, STACK_T } from './structs/signal.ts';
import { RLIMIT_STRUCT, TIMESPEC } from './structs/time.ts';
import { LINUX_DIRENT64, STAT, STATX_STRUCT } from './structs/file.ts';

describe('structs', () => {
  it('writes and reads 64-bit numbers by halves, with their sign', () => {
    const layout = layoutOf(TIMESPEC, 'riscv64');
    const encoded = encodeStruct(layout, { tv_sec: -2, tv_nsec: 2 ** 40 + 5 });
    expect([...encoded]).toEqual([0xfe, 255, 255, 255, 255, 255, 255, 255, 5, 0, 0, 0, 0, 1, 0, 0]);
    expect(decodeStruct(layout, encoded)).toEqual({ tv_sec: -2, tv_nsec: 2 ** 40 + 5 });
  });

  it('keeps all 64 bits of a register, and 32 of them on i386', () => {
    const layout = layoutOf(RLIMIT_STRUCT, 'x86_64');
    const all = 2n ** 64n - 1n;
    expect(decodeStruct(layout, encodeStruct(layout, { rlim_cur: all, rlim_max: 5n }))).toEqual({
      rlim_cur: all,
      rlim_max: 5n,
    });
    const narrow = layoutOf(RLIMIT_STRUCT, 'i386');
    expect([...encodeStruct(narrow, { rlim_cur: all, rlim_max: 5n })]).toEqual([255, 255, 255, 255, 5, 0, 0, 0]);
  });

  it('clears gaps and what has no value, at an offset', () => {
    const layout = layoutOf(STACK_T, 'riscv64');
    const memory = new Uint8Array(40).fill(0xaa);
    writeStruct(new DataView(memory.buffer), 8, layout, { ss_size: 1 });
    expect([...memory.subarray(0, 9)]).toEqual([...Array(8).fill(0xaa), 0]);
    expect(readStruct(new DataView(memory.buffer), 8, layout)).toEqual({ ss_sp: 0, ss_flags: 0, ss_size: 1 });
    expect(memory[32]).toBe(0xaa);
  });

  it('writes one member of a union', () => {
    const layout = layoutOf(SIGINFO, 'riscv64');
    const encoded = encodeStruct(layout, { si_signo: 11, si_code: 1, fields: { sigfault: { si_addr: 0x1234n } } });
    expect(encoded.length).toBe(128);
    expect(new DataView(encoded.buffer).getBigUint64(16, true)).toBe(0x1234n);
    expect(decodeStruct(layout, encoded).fields.kill?.si_pid).toBe(0x1234);
  });

  it('pads short input with zeros', () => {
    expect(decodeStruct(layoutOf(STATX_STRUCT, 'i386'), Uint8Array.of(7)).stx_mask).toBe(7);
  });

  it('lays a struct out for each architecture, and packs', () => {
    expect([layoutOf(STAT, 'riscv64').size, layoutOf(STAT, 'x86_64').size, layoutOf(STAT, 'i386').size]).toEqual([
      128, 144, 64,
    ]);
    expect(layoutOf(STAT, 'x86_64').at.st_mode.offset).toBe(24);
    expect(layoutOf(LINUX_DIRENT64, 'riscv64').size).toBe(19);
  });
});
