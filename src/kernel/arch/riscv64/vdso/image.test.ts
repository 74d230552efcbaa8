/** The vDSO's image, read by binutils. What programs make of it is tested by test/conformance/vdso.c. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vdsoImage } from './image.ts';

const hasReadelf = spawnSync('readelf', ['--version']).status === 0;

function readelf(...options: string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-'));
  try {
    const file = join(directory, 'vdso.so');
    writeFileSync(file, vdsoImage().bytes);
    const { stdout, stderr } = spawnSync('readelf', ['-W', ...options, file], { encoding: 'utf8' });
    return stdout + stderr;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('the image of the vDSO', () => {
  it('fits into a page', () => {
    expect(vdsoImage().bytes.length).toBeLessThanOrEqual(4096);
  });

  it('returns from signals by the two instructions that unwinders and debuggers know', () => {
    const { bytes, signalReturn } = vdsoImage();
    const words = new DataView(bytes.buffer);
    // li a7, 139; ecall
    expect([words.getUint32(signalReturn, true), words.getUint32(signalReturn + 4, true)]).toEqual([0x08b0_0893, 0x73]);
  });
});

describe.skipIf(!hasReadelf)('readelf of the image', () => {
  it('finds nothing wrong', () => {
    expect(readelf('-a', '--debug-dump=frames')).not.toMatch(/warning|error|corrupt|<unknown>/i);
  });

  it('finds the functions, with the version that C libraries ask for, in both hash tables', () => {
    const symbols = readelf('--dyn-syms')
      .match(/FUNC .*/g)!
      .map((line) => line.split(/\s+/).at(-1));
    const names = [
      'clock_gettime',
      'gettimeofday',
      'clock_getres',
      'getcpu',
      'flush_icache',
      'riscv_hwprobe',
      'rt_sigreturn',
    ];
    expect(symbols).toEqual(names.map((name) => `__vdso_${name}@@LINUX_4.15`));
    expect(readelf('-I').match(/bucket list length/g)).toHaveLength(2);
  });

  it('finds how to unwind both kinds of function', () => {
    const frames = readelf('--debug-dump=frames');
    expect(frames).toContain('Augmentation:          "zRS"');
    expect(frames).toMatch(/DW_CFA_expression: r64 \(DW_OP_breg2 \(sp\): 304\)/);
  });
});
