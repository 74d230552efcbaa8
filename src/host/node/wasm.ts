/**
 * The WebAssembly port on Node: modules that the build generated are read from dist/prebuilt. Interface: nodeWasm, leaveStackUnchecked.
 *
 * V8 optimises a WebAssembly function in the background once it has run for a while, which for the interpreter's big loop is at once and
 * takes some 50 ms; and Node waits for that at its end, however short the program was. So the interpreter starts with a larger allowance:
 * short programs end before V8 begins, and the way into and out of system calls is optimised after some hundred thousand of them.
 *
 * V8 11 has relaxed SIMD (for cpu/fp/fp-host.ts) and branch hinting, complete, behind flags; later ones need none.
 */
import { setFlagsFromString } from 'node:v8';
import type { WasmPort } from '../../machine/machine.ts';
import type { CompiledModule } from '../../machine/workshop.ts';
import { hostWasm } from '../wasm.ts';
import { nativeModule, reviveModule } from './native-code.ts';
import { readPrebuilt } from './prebuilt.ts';
import { nodeWorkshops } from './workshop.ts';

/** What V8 can do without saying so. */
const HIDDEN_ABILITIES: Readonly<Record<string, readonly string[]>> = {
  11: ['--experimental-wasm-relaxed-simd', '--experimental-wasm-branch-hinting'],
};
const STACK_CHECKS = '--wasm-stack-checks';
/**
 * The allowance of a function, in bytes executed; a module takes it when it is made. For translated code, by V8's major version: a few
 * milliseconds of quick code. V8's usual 1.8 million are used up at once, and optimising a region takes some ten milliseconds.
 */
const REGION_ALLOWANCE: Readonly<Record<string, number>> = { 11: 50_000_000 };
/** V8 11's own. */
const USUAL_ALLOWANCE = 1_800_000;
const LARGE_ALLOWANCE = 300_000_000;
/** What is made again because it was of use before is to be optimised, and kept so, soon. */
const REVIVED_ALLOWANCE = 1_000_000;

const V8_MAJOR = process.versions.v8.split('.')[0]!;
const fromBuild = new WeakSet<Uint8Array>();

/** Flags as they were before they were changed. */
const before: string[] = [];
// A flag must be set before the first module that relies on it is compiled.
for (const flag of HIDDEN_ABILITIES[V8_MAJOR] ?? []) change(flag, negated(flag));
if (V8_MAJOR in REGION_ALLOWANCE) change(budgetFlag(REGION_ALLOWANCE[V8_MAJOR]!), budgetFlag(USUAL_ALLOWANCE));
// Code that is cached at the end (bin/ringfence.js) is used again only by a V8 with the same flags, which a new process begins without.
process.prependOnceListener('exit', () => before.forEach((flag) => setFlagsFromString(flag)));

/**
 * From now on no WebAssembly that is compiled in this process looks whether the stack is at its end: not for a process with any that is not
 * ours. Ours cannot come there: it nests MAX_DEPTH calls (cpu/translator/signature.ts), with frames of at most some two kilobytes.
 * Does nothing in a V8 whose flags are not known here.
 */
export function leaveStackUnchecked(): void {
  if (V8_MAJOR in HIDDEN_ABILITIES) change(negated(STACK_CHECKS), STACK_CHECKS);
}

/** Sets a flag until the process ends; `usual` is what it was. */
function change(flag: string, usual: string): void {
  setFlagsFromString(flag);
  before.push(usual);
}

function negated(flag: string): string {
  return flag.replace('--', '--no-');
}

function budgetFlag(allowance: number): string {
  return `--wasm-tiering-budget=${allowance}`;
}

export const nodeWasm: WasmPort = {
  ...hostWasm,
  workshop: () => nodeWorkshops.get(),
  prebuilt(name) {
    const bytes = readPrebuilt(`${name}.wasm`);
    if (bytes) fromBuild.add(bytes);
    return bytes;
  },
  compile: (bytes) => (fromBuild.has(bytes) ? withAllowance(LARGE_ALLOWANCE, () => compile(bytes)) : compile(bytes)),
  revive: (bytes, native) => reviveModule(bytes, native) ?? withAllowance(REVIVED_ALLOWANCE, () => compile(bytes)),
};

function compile(bytes: Uint8Array): CompiledModule {
  return nativeModule(bytes, new WebAssembly.Module(bytes as BufferSource));
}

/** Modules that are made meanwhile have this allowance. */
function withAllowance<T>(allowance: number, make: () => T): T {
  const usual = REGION_ALLOWANCE[V8_MAJOR];
  if (usual === undefined) return make();
  setFlagsFromString(budgetFlag(allowance));
  try {
    return make();
  } finally {
    setFlagsFromString(budgetFlag(usual));
  }
}
