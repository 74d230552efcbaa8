import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { hostWasm } from '../wasm.ts';
import { nativeModule, reviveModule } from './native-code.ts';

const MEMORY = hostWasm.createMemory(1);

/** Exports sum(n): 1 + ... + n, by a loop. */
const SUM = Uint8Array.from(
  Buffer.from(
    '0061736d0100000001060160017f017f03020100070701' +
      // "sum"
      '0373756d00000a1b011901017f' +
      // loop: total += n; n -= 1; again unless 0
      '0340200120006a210120004101' +
      '6b22000d000b20010b',
    'hex',
  ),
);

const sumOf = (n: number): number => ((n * (n + 1)) / 2) | 0;

/** Runs until V8 has optimised it. */
async function optimised(): Promise<ReturnType<typeof nativeModule>> {
  const module = nativeModule(SUM, new WebAssembly.Module(SUM));
  const { sum } = module.instantiate(MEMORY, {});
  for (let i = 0; i < 1000 && module.optimised!() === 0; i++) {
    expect(sum!(1_000_000)).toBe(Number(BigInt.asIntN(32, 500000500000n)));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(module.optimised!()).toBe(1);
  return module;
}

it('has no machine code before V8 has optimised something', () => {
  const module = nativeModule(SUM, new WebAssembly.Module(SUM));
  expect([module.optimised!(), module.native!()]).toEqual([0, undefined]);
  module.instantiate(MEMORY, {});
  expect([module.optimised!(), module.native!()]).toEqual([0, undefined]);
});

it('gives machine code that is optimised at once where it is taken', async () => {
  const { bytes, native } = await optimised();
  const revived = reviveModule(bytes, native!());
  const { sum } = revived!.instantiate(MEMORY, {});
  expect(revived!.optimised!()).toBe(1);
  expect(sum!(1000)).toBe(sumOf(1000));
});

it('does so after V8 has thrown away what it had compiled of our code', async () => {
  const { bytes, native } = await optimised();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  setFlagsFromString('--stress-flush-code');
  collect();
  setFlagsFromString('--no-stress-flush-code');
  const machineCode = native!();
  expect(machineCode).toBeDefined();
  expect(reviveModule(bytes, machineCode)).toBeDefined();
});

it('gives no module where V8 does not take its machine code', async () => {
  const { bytes, native } = await optimised();
  const other = native!()!.slice();
  // The header: what V8 it was, with which flags.
  other[4]! ^= 1;
  for (const bad of [other, new Uint8Array(), new Uint8Array(7), undefined])
    expect(reviveModule(bytes, bad)).toBeUndefined();
});
