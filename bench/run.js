/**
 * Benchmarks: the same work natively, under qemu-riscv64 and here, in turn, as ratios to native time.
 *
 * Usage: npm run bench [-- --rounds N] [--only NAME,…] [--coremark DIR] [--json]
 * CoreMark is not ours to ship: --coremark (or $COREMARK_DIR) names a checkout of its sources; without it its row is left out and
 * said to be. Needs gcc, riscv64-linux-gnu-gcc and qemu-riscv64 (Debian: gcc gcc-riscv64-linux-gnu libc6-dev-riscv64-cross qemu-user).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { boot, openImage } from '../dist/index.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    coremark: { type: 'string', default: process.env.COREMARK_DIR },
    json: { type: 'boolean', default: false },
  },
});

const TOOLS = {
  gcc: 'gcc',
  'riscv64-linux-gnu-gcc': 'gcc-riscv64-linux-gnu libc6-dev-riscv64-cross',
  'qemu-riscv64': 'qemu-user',
};
/** What issue and design ask of a row: our ratio to native at most. */
const GOALS = {
  coremark: 20,
  sieve: 15,
  getpid: 1.6,
  'pipe-ping-pong': 4.5,
  'fork-exit-wait': 10,
  'fork-exec-true': 4.5,
};

const work = mkdtempSync(join(tmpdir(), 'ringfence-bench-'));
try {
  await main();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function main() {
  for (const [tool, packages] of Object.entries(TOOLS)) requireTool(tool, packages);
  const programs = build();
  const names = selected(execFileSync(programs.native.bench, { encoding: 'utf8' }).trim().split('\n'));
  if (programs.native.coremark && (!options.only || options.only.split(',').includes('coremark')))
    names.unshift('coremark');
  progress(`${names.length} benchmarks, ${options.rounds} rounds`);
  const times = new Map(names.map((name) => [name, { native: [], qemu: [], ringfence: [] }]));
  const image = await openImage(join(work, 'riscv'));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const name of names) {
      progress(`round ${round + 1}: ${name}`);
      const system = await boot({ root: image });
      const native = runNative(programs.native, name);
      const qemu = runQemu(programs.riscv, name);
      const here = await runHere(system, name);
      system.stop();
      if (native.check !== here.check) throw new Error(`${name}: result ${here.check} here, ${native.check} natively`);
      times.get(name).native.push(native.ns);
      if (qemu !== undefined) times.get(name).qemu.push(qemu.ns);
      times.get(name).ringfence.push(here.ns);
    }
  }
  const rows = names.map((name) => summary(name, times.get(name)));
  rows.push(startUp());
  print(rows);
}

function build() {
  const programs = { native: {}, riscv: {} };
  for (const [kind, compiler] of [
    ['native', 'gcc'],
    ['riscv', 'riscv64-linux-gnu-gcc'],
  ]) {
    mkdirSync(join(work, kind));
    for (const program of ['bench', 'true']) {
      programs[kind][program] = join(work, kind, program);
      execFileSync(compiler, ['-O2', '-static', '-o', programs[kind][program], `userland/bench/${program}.c`]);
    }
    const coremark = buildCoremark(compiler, kind);
    if (coremark) programs[kind].coremark = coremark;
  }
  return programs;
}

function buildCoremark(compiler, kind) {
  const dir = options.coremark;
  if (!dir) return undefined;
  const sources = [
    'core_list_join.c',
    'core_main.c',
    'core_matrix.c',
    'core_state.c',
    'core_util.c',
    'posix/core_portme.c',
  ];
  const missing = sources.find((source) => !existsSync(join(dir, source)));
  if (missing) throw new Error(`--coremark ${dir}: no ${missing} there; it must be a checkout of eembc/coremark`);
  const out = join(work, kind, 'coremark');
  const flags = [
    '-O2',
    '-static',
    `-I${dir}`,
    `-I${join(dir, 'posix')}`,
    '-DFLAGS_STR="-O2"',
    '-DITERATIONS=3000',
    '-DPERFORMANCE_RUN=1',
  ];
  execFileSync(compiler, [...flags, '-o', out, ...sources.map((source) => join(dir, source))]);
  return out;
}

/** Our programs print NAME NS CHECK; CoreMark its seconds and its checksums. */
function parse(name, text) {
  if (name !== 'coremark') {
    const [, ns, check] = text.trim().split(/\s+/);
    return { ns: Number(ns), check };
  }
  // It chooses its own number of iterations, so that the time of one is compared.
  const speed = /Iterations\/Sec\s*:\s*([\d.]+)/.exec(text);
  const sums = [...text.matchAll(/crc(?:list|matrix|state)\s*:\s*(\w+)/g)].map((match) => match[1]);
  if (!speed || sums.length !== 3) throw new Error(`coremark printed:\n${text}`);
  return { ns: 1e9 / Number(speed[1]), check: sums.join(' ') };
}

function argvOf(name) {
  return name === 'coremark' ? ['coremark'] : ['bench', name];
}

function runNative(programs, name) {
  const [program, ...args] = argvOf(name);
  return parse(name, execFileSync(programs[program], args, { encoding: 'utf8' }));
}

function runQemu(programs, name) {
  const [program, ...args] = argvOf(name);
  const result = spawnSync('qemu-riscv64', [programs[program], ...args], { encoding: 'utf8' });
  // qemu-user cannot exec a riscv64 file unless binfmt_misc is set up for it: no figure then.
  if (result.status !== 0 || name === 'fork-exec-true') return undefined;
  return parse(name, result.stdout);
}

async function runHere(system, name) {
  const [program, ...args] = argvOf(name);
  const guest = system.spawn([`/${program}`, ...args]);
  const [text, errors, exit] = await Promise.all([guest.stdout.text(), guest.stderr.text(), guest.exited]);
  if (exit.exitCode !== 0) throw new Error(`${name} failed here with status ${exit.exitCode}: ${errors}`);
  return parse(name, text);
}

/** The whole process: `ringfence run DIRECTORY /true` against a bare `node -e 0`. */
function startUp() {
  const ratios = [];
  const times = { bare: [], run: [] };
  for (let round = 0; round < Number(options.rounds); round++) {
    times.bare.push(wall(process.execPath, ['-e', '0']));
    times.run.push(wall(process.execPath, ['bin/ringfence.js', 'run', join(work, 'riscv'), '/true']));
    ratios.push(times.run.at(-1) / times.bare.at(-1));
  }
  return {
    name: 'ringfence run IMAGE true / node -e 0',
    ringfence: median(ratios),
    qemu: undefined,
    nativeMs: median(times.bare) / 1e6,
    goal: 4,
  };
}

function wall(command, args) {
  const start = process.hrtime.bigint();
  execFileSync(command, args);
  return Number(process.hrtime.bigint() - start);
}

function summary(name, { native, qemu, ringfence }) {
  return {
    name,
    ringfence: median(ringfence.map((ns, i) => ns / native[i])),
    qemu: qemu.length > 0 ? median(qemu.map((ns, i) => ns / native[i])) : undefined,
    nativeMs: median(native) / 1e6,
    goal: GOALS[name],
  };
}

function print(rows) {
  if (options.json) return console.log(JSON.stringify({ machine: machine(), rounds: Number(options.rounds), rows }));
  console.log(`${machine()}; medians of ${options.rounds} ratios to native time`);
  console.log(
    `${'work'.padEnd(38)}${'native'.padStart(11)}${'qemu-riscv64'.padStart(14)}${'ringfence'.padStart(11)}${'goal'.padStart(7)}`,
  );
  for (const { name, nativeMs, qemu, ringfence, goal } of rows) {
    const verdict = goal === undefined ? '' : ringfence <= goal ? ' ok' : ' MISSED';
    console.log(
      `${name.padEnd(38)}${`${nativeMs.toFixed(1)} ms`.padStart(11)}${ratio(qemu).padStart(14)}${ratio(ringfence).padStart(11)}${goal === undefined ? '' : String(goal).padStart(7)}${verdict}`,
    );
  }
  if (!options.coremark)
    console.log('CoreMark: not run; name its sources with --coremark DIR (a checkout of eembc/coremark)');
}

function machine() {
  const [cpu] = cpus();
  return `${cpu.model.trim()}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`;
}

function ratio(value) {
  return value === undefined ? '-' : `${value.toFixed(2)}x`;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length % 2 === 1
    ? sorted[sorted.length >> 1]
    : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
}

function selected(names) {
  return options.only ? names.filter((name) => options.only.split(',').includes(name)) : names;
}

function requireTool(tool, packages) {
  if (spawnSync(tool, ['--version']).error) throw new Error(`${tool} is missing: apt install ${packages}`);
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
