import { describe, expect, it } from 'vitest';
import { syscallsByNumber, type NumberedSyscall } from '../../abi/syscalls.ts';
import { piecesOf } from './pieces.ts';
import type { Call } from './call.ts';
import { resultText } from './result.ts';

/** A small memory at 4096, filled from a seed. */
function memoryFrom(seed: number, size = 8192): { read(address: bigint, length: number): Uint8Array | null } {
  let state = seed;
  const bytes = Uint8Array.from({ length: size }, () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 24);
  return {
    read(address, length) {
      const at = Number(address) - 4096;
      if (length <= 0) return new Uint8Array(0);
      return at >= 0 && at + length <= size ? bytes.slice(at, at + length) : null;
    },
  };
}

function callOf(syscall: NumberedSyscall, registers: readonly bigint[], memory: Call['memory']): Call {
  const args = syscall.sources.map(({ register, width }) => {
    const raw = registers[register] ?? 0n;
    if (width === 'int') return BigInt.asIntN(32, raw);
    return width === 'uint'
      ? BigInt.asUintN(32, raw)
      : width === 'long' || width === 'loff'
        ? BigInt.asIntN(64, raw)
        : raw;
  });
  return { arch: 'riscv64', memory, maxString: 32, syscall, args, registers, result: null, error: null };
}

const table = syscallsByNumber('riscv64').filter((call) => call !== undefined);
const byName = (name: string): NumberedSyscall => table.find((call) => call.unistd === name)!;

describe('printers', () => {
  it('survive any register, in any call', () => {
    const interesting = [
      0n,
      1n,
      2n,
      3n,
      7n,
      100n,
      4096n,
      4100n,
      8000n,
      12287n,
      1n << 31n,
      (1n << 32n) - 1n,
      1n << 40n,
      (1n << 64n) - 1n,
    ];
    let state = 1;
    const random = (below: number): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
    for (const syscall of table) {
      for (let round = 0; round < 6; round++) {
        const registers = Array.from({ length: 6 }, () => interesting[random(interesting.length)]!);
        const call = callOf(syscall, registers, memoryFrom(round + 1));
        const pieces = piecesOf(call);
        for (const piece of pieces) if (piece.when === 'entry') expect(typeof piece.text(call)).toBe('string');
        const outcome = random(3);
        call.result = outcome === 0 ? -1n : BigInt(random(100));
        call.error = outcome === 0 ? 'EINVAL' : null;
        for (const piece of pieces) if (piece.when === 'exit') expect(typeof piece.text(call)).toBe('string');
        expect(typeof resultText(call)).toBe('string');
      }
    }
  });

  it('show the pointer where nothing can be read', () => {
    const call = callOf(byName('openat'), [0xffff_ffff_ffff_ff9cn, 8n, 0n, 0n, 0n, 0n], memoryFrom(1));
    expect(piecesOf(call).map((piece) => piece.text(call))).toEqual(['AT_FDCWD', '0x8', 'O_RDONLY']);
  });

  it('show the mode only of a file that may be made', () => {
    const call = callOf(byName('openat'), [3n, 0n, 0o100n, 0o600n, 0n, 0n], memoryFrom(1));
    expect(piecesOf(call).map((piece) => piece.text(call))).toEqual(['3', 'NULL', 'O_RDONLY|O_CREAT', '0600']);
  });

  it('explain restarts', () => {
    const call = callOf(byName('read'), [0n, 4096n, 1n, 0n, 0n, 0n], memoryFrom(1));
    call.result = -1n;
    call.error = 'ERESTARTSYS';
    expect(resultText(call)).toBe('? ERESTARTSYS (To be restarted if SA_RESTART is set)');
  });
});
