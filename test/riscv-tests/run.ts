/**
 * Runs bare-metal test programs of the riscv-tests kind on the machine: each writes 1 to `tohost` when it passes, and
 * (number of the failed test << 1) | 1 otherwise.
 *
 * Usage: npm run riscv-tests -- FOLDER [NAME-PATTERN [SLICE]]
 * With SLICE the hart stops after so many instructions each time, and all caches are dropped: results must not change.
 * FOLDER holds the built ELF files (rv64ui-p-add and so on); the project does not.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeWasm } from '../../src/host/node/wasm.ts';
import { createMachine, loadElf } from '../../src/machine/machine.ts';

const RAM_BYTES = 16 << 20;
const SLICE = 100_000;
const MAX_INSTRUCTIONS = 10_000_000;

/** 'pass', or why not. */
function runBareTest(file: Uint8Array, sliceInstructions: number | undefined): string {
  const machine = createMachine({
    wasm: nodeWasm,
    ramBytes: RAM_BYTES,
    clock: { nowNs: () => 0 },
    deterministic: true,
  });
  const { entry, symbols } = loadElf(file, machine.ram);
  const tohost = symbols.get('tohost');
  if (tohost === undefined) return 'no symbol tohost';
  const word = machine.ram.offsetOf(tohost) >>> 2;
  machine.hart.pc = entry;
  let output = '';
  const slice = sliceInstructions ?? SLICE;
  for (let done = 0; done < MAX_INSTRUCTIONS; done += slice) {
    machine.hart.run(slice);
    if (sliceInstructions !== undefined) machine.dropCaches();
    const [lo, hi] = [machine.ram.i32[word]!, machine.ram.i32[word + 1]!];
    if (lo === 0) continue;
    if (hi >>> 16 !== 0x0101) return lo === 1 ? 'pass' : `test ${lo >>> 1} failed ${output}`;
    // A character for the console; the program waits until it is taken.
    output += String.fromCharCode(lo & 0xff);
    machine.ram.i32[word] = machine.ram.i32[word + 1] = 0;
  }
  return `no result; pc 0x${machine.hart.pc.toString(16)} ${output}`;
}

function main(folder: string, pattern: string, sliceInstructions: number | undefined): number {
  const suites = new Map<string, { passed: number; failed: number }>();
  for (const name of readdirSync(folder).filter((file) => new RegExp(pattern).test(file))) {
    const suite = name.replace(/^(\w+-[a-z]+)-.*/, '$1');
    const totals = suites.get(suite) ?? { passed: 0, failed: 0 };
    suites.set(suite, totals);
    const result = runBareTest(readFileSync(join(folder, name)), sliceInstructions);
    if (result === 'pass') totals.passed++;
    else {
      totals.failed++;
      console.log(`${name}: ${result}`);
    }
  }
  for (const [suite, { passed, failed }] of suites) console.log(`${suite}: ${passed} passed, ${failed} failed`);
  return [...suites.values()].some(({ failed }) => failed > 0) ? 1 : 0;
}

const [folder, pattern = '.', slice] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: npm run riscv-tests -- FOLDER [NAME-PATTERN [SLICE]]');
process.exitCode = main(folder, pattern, slice === undefined ? undefined : Number(slice));
