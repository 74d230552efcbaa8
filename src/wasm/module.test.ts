import { describe, expect, it } from 'vitest';
import { ModuleBuilder } from './module.ts';

function instantiate(module: ModuleBuilder, imports: WebAssembly.Imports = {}): Record<string, CallableFunction> {
  const compiled = new WebAssembly.Module(module.toBytes() as Uint8Array<ArrayBuffer>);
  return new WebAssembly.Instance(compiled, imports).exports as Record<string, CallableFunction>;
}

describe('ModuleBuilder', () => {
  it('tells where unlikely branches are, in a custom section before the code', () => {
    const module = new ModuleBuilder();
    module.function('f', ['i32'], [], (code, n) => code.block((out) => code.get(n!).unlikely().brIf(out)), 'f');
    const compiled = new WebAssembly.Module(module.toBytes({ branchHints: true }) as Uint8Array<ArrayBuffer>);
    const [section] = WebAssembly.Module.customSections(compiled, 'metadata.code.branch_hint');
    // One function, of index 0, with one hint: behind no locals, `block` and its type, `local.get 0`; one byte, 0.
    expect([...new Uint8Array(section!)]).toEqual([1, 0, 1, 5, 1, 0]);
  });

  it('lets functions call one another before they are defined', () => {
    const module = new ModuleBuilder();
    const isOdd = module.declare('isOdd', ['i32'], ['i32']);
    const isEven = module.declare('isEven', ['i32'], ['i32']);
    for (const [self, other, base] of [
      [isEven, isOdd, 1],
      [isOdd, isEven, 0],
    ] as const)
      module.define(self, (code, n) =>
        code
          .get(n!)
          .op('i32.eqz')
          .if(
            () => code.i32(base),
            () => code.get(n!).i32(1).op('i32.sub').returnCall(other),
            'i32',
          ),
      );
    module.exportFunction('isEven', isEven);
    expect(instantiate(module)['isEven']!(100001)).toBe(0);
  });

  it('encodes constants, globals, tables, data, blocks and memory operations', () => {
    const module = new ModuleBuilder();
    const add = module.importFunction('env', 'add', ['i32', 'i32'], ['i32']);
    module.defineMemory(1);
    module.dataAt(64, Uint8Array.of(1, 2, 3, 4));
    const counter = module.global('i64', true, -5n);
    const double = module.function('double', ['i32'], ['i32'], (code, n) => code.get(n!).get(n!).call(add));
    const negate = module.function('negate', ['i32'], ['i32'], (code, n) => code.i32(0).get(n!).op('i32.sub'));
    const table = module.table(4);
    module.elementsAt(table, 1, [double, negate]);
    module.function(
      'apply',
      ['i32', 'i32'],
      ['i32'],
      (code, which, n) => code.get(n!).get(which!).callIndirect(['i32'], ['i32'], table),
      'apply',
    );
    module.function(
      'bump',
      [],
      ['i64'],
      (code) =>
        code
          .globalGet(counter)
          .i64(-(2n ** 63n))
          .op('i64.xor')
          .globalSet(counter)
          .globalGet(counter),
      'bump',
    );
    module.function(
      'sum',
      [],
      ['i32'],
      (code) => {
        const at = code.local('i32');
        const total = code.local('i32');
        code.i32(128).i32(64).i32(4).memoryCopy();
        code.block((done) =>
          code.loop((again) => {
            code.get(at).i32(4).op('i32.ge_u').brIf(done);
            code.get(total).get(at).mem('i32.load8_u', 128).op('i32.add').set(total);
            code.get(at).i32(1).op('i32.add').set(at).br(again);
          }),
        );
        code.get(total);
      },
      'sum',
    );
    module.function(
      'pick',
      ['i32'],
      ['f64'],
      (code, n) => {
        code.block((c) => {
          code.block((b) => {
            code.block((a) => code.get(n!).brTable([a, b], c));
            code.f64(1.5).op('return');
          });
          code.f64(-0).op('return');
        });
        code.f64(2 ** 60);
      },
      'pick',
    );
    const { apply, bump, sum, pick } = instantiate(module, { env: { add: (a: number, b: number) => a + b } });
    expect(apply!(1, 21)).toBe(42);
    expect(apply!(2, 21)).toBe(-21);
    expect(bump!()).toBe(BigInt.asIntN(64, -5n ^ -(2n ** 63n)));
    expect(sum!()).toBe(10);
    expect([0, 1, 2, 9].map((n) => pick!(n))).toEqual([1.5, -0, 2 ** 60, 2 ** 60]);
  });
});
