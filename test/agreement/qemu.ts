/** The oracle: qemu-riscv64. Interface: runUnderQemu. */
import { spawnSync } from 'node:child_process';
import { requireTool } from '../support/tools.ts';

const MAX_OUTPUT = 1 << 28;

/** Standard output of a static program. Throws where it does not end well. */
export function runUnderQemu(path: string): Uint8Array {
  requireTool('qemu-riscv64');
  const { stdout, stderr, status, signal, error } = spawnSync('qemu-riscv64', [path], {
    maxBuffer: MAX_OUTPUT,
    timeout: 60_000,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`qemu-riscv64 ${path}: ${signal ?? status} ${stderr.toString()}`);
  return stdout;
}
