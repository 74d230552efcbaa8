/**
 * Fused multiply-add in place, on operands made to be hard: sums at or beside the middle of two doubles, cancellation, short
 * significands, the ends of the range. RINGFENCE_FP_CASES sets the number of cases for each kind.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { nodeWasm } from '../../host/node/wasm.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import { F64, FLAG } from './format.ts';
import { defineFpFunctions } from './functions.ts';
import { fpFma } from './reference.ts';
import { defineInPlace, testHosts } from './test-in-place.ts';

const CASES = Number(process.env['RINGFENCE_FP_CASES'] ?? 4000);
/** Cases that the processor judges, for each that the reference does. */
const PROCESSOR_FACTOR = 50;
const FFLAGS = 64;
const OPERANDS = 1024;
const BATCH = 1000;

const [plain, fused] = testHosts(nodeWasm);

type Triple = readonly [a: number, b: number, c: number];

let exports: Record<string, CallableFunction>;
let memory: ArrayBuffer;

beforeAll(() => {
  const module = new ModuleBuilder();
  const miss = module.importFunction('env', 'miss', [], []);
  module.defineMemory(2);
  module.exportMemory('memory');
  const complete = defineFpFunctions(module, FFLAGS).get('fma.f64')!;
  module.exportFunction('complete', complete);
  const missing = module.function('missing', complete.params, complete.results, (code, ...operands) => {
    code.call(miss);
    for (const operand of operands) code.get(operand);
    code.call(complete);
  });
  const ways = [plain!, ...(fused ? [fused] : [])].map((host) => ({
    name: host === fused ? 'fused' : 'plain',
    ref: defineInPlace(module, host, FFLAGS, 'fma.f64', missing),
  }));
  // Each goes through a batch of triples, the results after them.
  for (const { name, ref } of ways)
    module.function(
      `${name} batch`,
      ['i32'],
      [],
      (code, count) => {
        const at = code.local('i32');
        code.loop((again) => {
          code.get(at);
          for (const field of [0, 8, 16]) code.get(at).mem('i64.load', OPERANDS + field);
          code
            .i32(0)
            .call(ref)
            .mem('i64.store', OPERANDS + 24);
          code.get(at).i32(32).op('i32.add').set(at);
          code.get(count!).i32(1).op('i32.sub').tee(count!).brIf(again);
        });
      },
      `${name} batch`,
    );
  const compiled = new WebAssembly.Module(module.toBytes() as Uint8Array<ArrayBuffer>);
  const instance = new WebAssembly.Instance(compiled, { env: { miss: () => void misses++ } });
  exports = instance.exports as Record<string, CallableFunction>;
  memory = (instance.exports['memory'] as WebAssembly.Memory).buffer;
});

let misses = 0;

/** The bits of a * b + c for each triple, computed in place where that is possible. */
function inPlace(way: 'plain' | 'fused', triples: readonly Triple[]): bigint[] {
  const floats = new Float64Array(memory, OPERANDS, 4 * BATCH);
  triples.forEach((triple, i) => floats.set(triple, 4 * i));
  new Int32Array(memory, FFLAGS, 1)[0] = FLAG.NX;
  exports[`${way} batch`]!(triples.length);
  const bits = new BigUint64Array(memory, OPERANDS, 4 * BATCH);
  return triples.map((_, i) => bits[4 * i + 3]!);
}

describe.each(Object.entries(kinds()))('%s', (_name, { next, most }) => {
  it('as the reference has it, with and without NX before', { timeout: 3_600_000 }, () => {
    const fflags = new Int32Array(memory, FFLAGS, 1);
    const wrong: string[] = [];
    forBatches(CASES, next, (triples) => {
      const results = inPlace('plain', triples);
      triples.forEach((triple, i) => {
        const [a, b, c] = triple.map(bitsOf) as [bigint, bigint, bigint];
        const expected = fpFma(F64, a, b, c, 0, {});
        if (results[i] !== expected.bits) wrong.push(`${triple.join(' ')}: ${results[i]!.toString(16)}`);
        fflags[0] = 0;
        const complete = BigInt.asUintN(64, exports['complete']!(a, b, c, 0) as bigint);
        if (complete !== expected.bits || fflags[0] !== expected.flags)
          wrong.push(`complete ${triple.join(' ')}: ${complete.toString(16)} flags ${fflags[0]}`);
      });
    });
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  it('mostly without a call', { timeout: 3_600_000 }, () => {
    misses = 0;
    forBatches(CASES, next, (triples) => inPlace('plain', triples));
    expect(misses / CASES).toBeLessThanOrEqual(most);
  });

  it.runIf(fused)('as the processor has it', { timeout: 3_600_000 }, () => {
    const wrong: string[] = [];
    forBatches(CASES * PROCESSOR_FACTOR, next, (triples) => {
      const [plainResults, fusedResults] = [inPlace('plain', triples), inPlace('fused', triples)];
      triples.forEach((triple, i) => {
        if (plainResults[i] !== fusedResults[i]) wrong.push(`${triple.join(' ')}: ${plainResults[i]!.toString(16)}`);
      });
    });
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});

function forBatches(cases: number, next: (random: Random) => Triple, body: (triples: readonly Triple[]) => void): void {
  const random = new Random(12345);
  for (let done = 0; done < cases; done += BATCH) body(Array.from({ length: BATCH }, () => next(random)));
}

/** How to make a triple, and the share of them that may need the complete function. */
function kinds(): Record<string, { next: (random: Random) => Triple; most: number }> {
  return {
    'ordinary numbers': {
      next: (random) => [random.float(-20, 20), random.float(-20, 20), random.float(-40, 40)],
      most: 0,
    },
    'a rounded product at a middle': {
      // p = b * a to nearest mostly, where p + c is the middle of two doubles; the product's error decides.
      next: (random) => {
        const distance = 1 + random.below(53);
        const p = random.short(54 - distance, -4, 4, true);
        const a = random.float(-4, 4);
        const c = random.float(0, 0) * 2 ** (exponentOf(p) + distance) * random.sign();
        return [a, p / a, c];
      },
      most: 0.05,
    },
    'beside a middle': {
      // c makes up for the product but for half a unit of a random double.
      next: (random) => {
        const [a, b] = [random.float(-4, 4), random.float(-4, 4)];
        const wanted = random.float(-8, 8) * random.sign();
        const half = 2 ** (exponentOf(wanted) - 53) * (random.below(9) - 4);
        return [a, b, random.near(wanted - a * b + half)];
      },
      most: 0.01,
    },
    cancellation: {
      next: (random) => {
        const [a, b] = [random.float(-40, 40), random.float(-40, 40)];
        return [a, b, random.near(-(a * b))];
      },
      most: 0.01,
    },
    'short significands': {
      next: (random) => [
        random.short(20 + random.below(20), -3, 3),
        random.short(20 + random.below(20), -3, 3),
        random.short(1 + random.below(53), -60, 60),
      ],
      most: 0.01,
    },
    'powers of two and their neighbours': {
      next: (random) => {
        const [a, b] = [random.near(2 ** random.between(-30, 30)), random.near(2 ** random.between(-30, 30))];
        return [a, b, random.near(a * b * 2 ** random.between(-110, 110)) * random.sign()];
      },
      most: 0.05,
    },
    'the ends of the range': {
      next: (random) => {
        const a = random.anywhere();
        const target =
          [-1080, -1022, -960, -950, -902, -900, -898, 1021, 1023][random.below(9)]! + random.between(-3, 3);
        const b = random.float(0, 0) * 2 ** Math.max(-1074, Math.min(1023, target - exponentOf(a)));
        const c =
          random.below(2) === 0
            ? random.near(-(a * b))
            : random.float(0, 0) * 2 ** Math.min(1023, target + random.between(-60, 60));
        return [a, b, c * random.sign()];
      },
      most: 1,
    },
    anything: { next: (random) => [random.anywhere(), random.anywhere(), random.anywhere()], most: 1 },
  };
}

class Random {
  private state: number;
  private readonly floats = new Float64Array(1);
  private readonly words = new Uint32Array(this.floats.buffer);

  constructor(seed: number) {
    this.state = seed;
  }

  below(bound: number): number {
    return this.word() % bound;
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  sign(): number {
    return this.below(2) * 2 - 1;
  }

  /** Exponent between two limits, any significand, either sign. */
  float(least: number, most: number): number {
    this.words[0] = this.word();
    this.words[1] = (this.word() & 0x800f_ffff) | 0x3ff0_0000;
    return this.floats[0]! * 2 ** this.between(least, most);
  }

  /** The same with a significand of so many bits, on wish exactly so many. */
  short(bits: number, least: number, most: number, exactly = false): number {
    const integer = Math.floor(Math.abs(this.float(0, 0)) * 2 ** (bits - 1));
    const odd = exactly && integer % 2 === 0 ? integer + 1 : integer;
    return odd * 2 ** (this.between(least, most) - bits + 1) * this.sign();
  }

  /** x or one of the doubles close to it. */
  near(x: number): number {
    this.floats[0] = x;
    const low = this.words[0]! + this.between(-2, 2);
    if (low >= 0 && low < 2 ** 32) this.words[0] = low;
    return this.floats[0]!;
  }

  /** All bits at random. */
  anywhere(): number {
    this.words[0] = this.word();
    this.words[1] = this.word();
    return this.floats[0]!;
  }

  private word(): number {
    // xorshift32
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }
}

function exponentOf(x: number): number {
  return x === 0 || !Number.isFinite(x) ? 0 : Math.floor(Math.log2(Math.abs(x)));
}

function bitsOf(x: number): bigint {
  return new BigUint64Array(Float64Array.of(x).buffer)[0]!;
}
