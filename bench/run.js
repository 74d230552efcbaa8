/**
 * Benchmarks: the same work natively, under qemu-riscv64 (and blink) and here, in turn, as ratios to native time. `--help` tells more.
 * Performance is judged by these ratios, never by timed tests.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { detectFpHost } from '../dist/cpu/fp/fp-host.js';
import { nodeWasm } from '../dist/host/node/wasm.js';
import { goalsOf, WHOLE_PROGRAMS_GOAL } from './goals.js';
import { buildPrograms } from './programs.js';
import { geometricMean, machine, printPrograms, printRatios } from './report.js';
import { benchmarkNames, measureSmall } from './small.js';
import { measureStartUp } from './start-up.js';
import { measurePrograms, PROGRAM_NAMES } from './whole-programs.js';

const HELP = `Usage: npm run bench -- [options]

Runs the same work natively, under qemu-riscv64, under blink where it is installed, and here, in turn, and prints medians of ratios to
native time beside the goals. Results are checked to be equal. Quiet machines give steady numbers: run nothing else.

  --rounds N       how often everything is run (default 5; whole programs: 3)
  --only NAMES     only these, separated by commas; --list says which there are
  --list           print the names and end
  --interpreter    without the translator, against the goals of the interpreter
  --coremark DIR   a checkout of eembc/coremark (or $COREMARK_DIR); without it the row is left out
  --programs       whole Debian programs too, beside qemu-riscv64 over the same files: takes root, and builds an image at first. They run for
                   the first time, without the code cache, and again, with the one that four runs before left
  --only-programs  these alone
  --json           print one line of JSON
  --help           this

Needs gcc, gcc-riscv64-linux-gnu, libc6-dev-riscv64-cross and qemu-user; --programs needs qemu-user-static. blink is not a Debian package:
it is taken where it is on the PATH.`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string' },
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    interpreter: { type: 'boolean', default: false },
    coremark: { type: 'string', default: process.env.COREMARK_DIR },
    programs: { type: 'boolean', default: false },
    'only-programs': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const rounds = options.rounds && Number(options.rounds);
const tier = options.interpreter ? { tier: 'interpreter' } : {};
const tierName = options.interpreter ? 'interpreter only' : 'with the translator';

if (options.help) console.log(HELP);
else {
  const work = mkdtempSync(join(tmpdir(), 'ringfence-bench-'));
  try {
    await main(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function main(work) {
  const directories = buildPrograms(work, options.coremark);
  const smallNames = benchmarkNames(directories, options.coremark);
  if (options.list) return console.log([...smallNames, 'start-up', ...PROGRAM_NAMES].join('\n'));
  const result = { machine: machine(), tier: tierName };
  if (!options.json) console.log(result.machine.join('\n'));
  if (!options['only-programs']) {
    result.rows = await smallRows(directories, smallNames.filter(isSelected));
    if (!options.json) {
      printRatios(result.rows, { rounds: rounds ?? 5, tierName });
      for (const note of notes()) console.log(note);
    }
  }
  if (options.programs || options['only-programs']) {
    const names = PROGRAM_NAMES.filter(isSelected);
    result.programs = await measurePrograms(work, { rounds: rounds ?? 3, names, tier, progress });
    result.geometricMeans = {
      first: geometricMean(result.programs.map(({ fasterFirst }) => fasterFirst)),
      again: geometricMean(result.programs.map(({ fasterAgain }) => fasterAgain)),
    };
    if (!options.json) printPrograms(result.programs, { rounds: rounds ?? 3, tierName, goal: WHOLE_PROGRAMS_GOAL });
  }
  if (options.json) console.log(JSON.stringify(result));
}

async function smallRows(directories, names) {
  const goals = goalsOf({ interpreter: options.interpreter, fused: isFused() });
  const peers = { qemu: 'qemu-riscv64', ...(hasBlink() && { blink: 'blink' }) };
  const common = { rounds: rounds ?? 5, peers, goals, tier, progress };
  const rows = await measureSmall(directories, { ...common, names });
  return isSelected('start-up') ? [...rows, measureStartUp(directories, common)] : rows;
}

function notes() {
  return [
    ...(options.coremark
      ? []
      : ['coremark: not run; name its sources with --coremark DIR (a checkout of eembc/coremark)']),
    ...(hasBlink() ? [] : ['blink: not on the PATH (Debian has no package of it)']),
    `fused multiply-add in WebAssembly (relaxed SIMD): ${isFused() ? 'yes' : 'no'}`,
  ];
}

/** matmul's goal depends on it. */
function isFused() {
  return detectFpHost(nodeWasm, nodeWasm.createMemory(1)).fusedMadd;
}

function hasBlink() {
  return spawnSync('blink', ['-v']).error === undefined;
}

function isSelected(name) {
  return options.only === undefined || options.only.split(',').includes(name);
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
