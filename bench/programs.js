/**
 * The programs that are measured, built for this machine and for riscv64. Interface: buildPrograms.
 * CoreMark is not ours to ship: its sources come from a checkout that the user names.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const TOOLS = {
  gcc: 'gcc libc6-dev',
  'riscv64-linux-gnu-gcc': 'gcc-riscv64-linux-gnu libc6-dev-riscv64-cross',
  'qemu-riscv64': 'qemu-user',
};
const COMPILERS = { native: 'gcc', riscv: 'riscv64-linux-gnu-gcc' };
const SOURCES = 'userland/bench';
/** Objects of the program `bench`, with what its compiler is told beyond -O2. */
const OBJECTS = [
  { name: 'main', source: 'main.c', flags: [] },
  { name: 'compute', source: 'compute.c', flags: ['-ffp-contract=off'] },
  { name: 'matmul', source: 'matmul.c', flags: [] },
  { name: 'matmul-plain', source: 'matmul.c', flags: ['-ffp-contract=off', '-DPLAIN'] },
  { name: 'memory', source: 'memory.c', flags: [] },
  { name: 'syscalls', source: 'syscalls.c', flags: [] },
  { name: 'processes', source: 'processes.c', flags: [] },
];
const COREMARK_SOURCES = [
  ...['core_list_join.c', 'core_main.c', 'core_matrix.c', 'core_state.c', 'core_util.c'],
  'posix/core_portme.c',
];
const COREMARK_ITERATIONS = 8000;

/** Builds below `work`; gives the directory of each architecture's programs. Throws with the package of a missing tool. */
export function buildPrograms(work, coremark) {
  for (const [tool, packages] of Object.entries(TOOLS)) {
    if (spawnSync(tool, ['--version']).error) throw new Error(`${tool} is missing: apt install ${packages}`);
  }
  return Object.fromEntries(
    Object.entries(COMPILERS).map(([kind, compiler]) => {
      const directory = join(work, kind);
      mkdirSync(directory);
      buildBench(compiler, directory);
      for (const program of ['true', 'hello'])
        compile(compiler, ['-static', '-o', join(directory, program), join(SOURCES, `${program}.c`)]);
      if (coremark) buildCoremark(compiler, directory, coremark);
      return [kind, directory];
    }),
  );
}

function buildBench(compiler, directory) {
  const objects = OBJECTS.map(({ name, source, flags }) => {
    const object = join(directory, `${name}.o`);
    compile(compiler, [...flags, '-c', '-o', object, join(SOURCES, source)]);
    return object;
  });
  compile(compiler, ['-static', '-o', join(directory, 'bench'), ...objects]);
}

function buildCoremark(compiler, directory, sources) {
  const missing = COREMARK_SOURCES.find((source) => !existsSync(join(sources, source)));
  if (missing) throw new Error(`--coremark ${sources}: no ${missing} there; it must be a checkout of eembc/coremark`);
  compile(compiler, [
    '-static',
    `-I${sources}`,
    `-I${join(sources, 'posix')}`,
    '-DFLAGS_STR="-O2"',
    `-DITERATIONS=${COREMARK_ITERATIONS}`,
    '-DPERFORMANCE_RUN=1',
    ...['-o', join(directory, 'coremark')],
    ...COREMARK_SOURCES.map((source) => join(sources, source)),
  ]);
}

function compile(compiler, args) {
  execFileSync(compiler, ['-O2', ...args]);
}
