/** Real tools that the tests compare with. Interface: compile, requireTool. A missing tool fails with how to get it. */
import { spawnSync } from 'node:child_process';

const PACKAGES: Readonly<Record<string, string>> = {
  gcc: 'gcc libc6-dev',
  'riscv64-linux-gnu-gcc': 'gcc-riscv64-linux-gnu libc6-dev-riscv64-cross',
  'qemu-riscv64': 'qemu-user',
  strace: 'strace',
  chromium: 'chromium',
  tmux: 'tmux',
};

export function requireTool(tool: string): void {
  if (spawnSync(tool, ['--version']).error === undefined) return;
  throw new Error(`${tool} is missing; run: apt-get install ${PACKAGES[tool] ?? tool}`);
}

/** Compiles C sources to a static program. Throws with the compiler's words. */
export function compile(
  arch: 'native' | 'riscv64',
  sources: readonly string[],
  out: string,
  flags: readonly string[] = [],
): void {
  const compiler = arch === 'native' ? 'gcc' : 'riscv64-linux-gnu-gcc';
  requireTool(compiler);
  const { status, stderr } = spawnSync(compiler, ['-O1', '-static', '-pthread', ...flags, '-o', out, ...sources], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${compiler} ${sources.join(' ')}:\n${stderr}`);
}
