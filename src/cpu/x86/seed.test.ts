/**
 * The seed of x86 rows through the oracle and through generated WebAssembly: the same states come out of random ones.
 * Operands are constants of the generated code, as in a translator. The flags, lazy there and eager in the oracle, are compared by
 * reading each through its own operation.
 */
import { describe, expect, it } from 'vitest';
import { nodeWasm } from '../../host/node/wasm.ts';
import type { Expr, RegisterOperand } from '../../isa/graph.ts';
import type { AccessSize } from '../../isa/ops.ts';
import { graphOfX86 } from '../../isa/x86/recorder.ts';
import type { Flag, Gpr } from '../../isa/x86/ops.ts';
import { X86_ROWS, type X86Operands, type X86Row } from '../../isa/x86/rows.ts';
import type { CodeEmitter, FuncRef, Local } from '../../wasm/code.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import { defineFpFunctions } from '../fp/functions.ts';
import { LOADS, STORES } from '../interpreter/execute.ts';
import { emitInstruction, type Flow } from '../interpreter/statements.ts';
import { Temps, type ValueEmitter } from '../interpreter/values.ts';
import { X86Oracle } from '../oracle/x86-oracle.ts';

const REGISTERS = { x: 0, f: 128, flag: 256 } as const;
const TARGET = 512;
const FFLAGS = 520;
/** Guest memory: addresses are masked, so that every one is there. */
const RAM = 65536;
const RAM_MASK = 0xfff8;
const PC = 0x401000;
const LENGTH = 5;
const OUTCOME = { next: 0, jump: 1, trap: 2 } as const;
const FLAGS: readonly Flag[] = ['cf', 'pf', 'af', 'zf', 'sf', 'of'];

interface Numbers {
  readonly dst: number;
  readonly src: number;
  readonly imm: number;
}

class ConstantFlow implements Flow {
  readonly code: CodeEmitter;
  readonly temps: Temps;
  private readonly numbers: Numbers;
  private readonly fp: ReadonlyMap<string, FuncRef>;

  constructor(code: CodeEmitter, numbers: Numbers, fp: ReadonlyMap<string, FuncRef>) {
    this.code = code;
    this.temps = new Temps(code);
    this.numbers = numbers;
    this.fp = fp;
  }

  pushRegisterValue(operand: RegisterOperand): void {
    this.code.mem('i64.load', this.pushRegisterAddress(operand));
  }

  setRegister(operand: RegisterOperand, value: Expr, values: ValueEmitter): void {
    const base = this.pushRegisterAddress(operand);
    values.value(value);
    this.code.mem('i64.store', base);
  }

  pushImm = (): unknown => this.code.i64(this.numbers.imm);
  pushPc = (): unknown => this.code.i64(PC);
  pushNextPc = (): unknown => this.code.i64(PC + LENGTH);
  fallThrough = (): unknown => this.code.i32(OUTCOME.next).op('return');
  jump = (target: Expr, values: ValueEmitter): void => this.leave(() => values.value(target));
  jumpRelative = (): void => this.leave(() => this.code.i64(PC + this.numbers.imm));
  repeat = (): void => this.leave(() => this.code.i64(PC));
  trap = (): unknown => this.code.i32(OUTCOME.trap).op('return');
  system = (): void => {};

  effect(expr: Expr, result: Local, values: ValueEmitter): void {
    if (expr.op === 'load') {
      this.address(expr.a, values);
      this.code.mem(LOADS[expr.size].unsigned, RAM).set(result);
    } else if (expr.op === 'fp') {
      for (const arg of expr.args) values.value(arg);
      if (expr.rounding) values.value(expr.rounding);
      this.code.op('i32.wrap_i64').call(this.fp.get(expr.name)!).set(result);
    }
  }

  store(size: AccessSize, address: Expr, value: Expr, values: ValueEmitter): void {
    this.address(address, values);
    values.value(value);
    this.code.mem(STORES[size], RAM);
  }

  private pushRegisterAddress({ file, reg }: RegisterOperand): number {
    if (typeof reg === 'number') this.code.i32(8 * reg);
    else this.code.i32(8 * this.numbers[reg === 'rd' ? 'dst' : 'src']);
    return REGISTERS[file];
  }

  private address(expr: Expr, values: ValueEmitter): void {
    values.value(expr);
    this.code.op('i32.wrap_i64').i32(RAM_MASK).op('i32.and');
  }

  private leave(pushTarget: () => void): void {
    this.code.i32(0);
    pushTarget();
    this.code.mem('i64.store', TARGET).i32(OUTCOME.jump).op('return');
  }
}

let seed = 3;
function random(below: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}
function random64(): bigint {
  let value = 0n;
  for (let i = 0; i < 4; i++) value = (value << 16n) | BigInt(random(65536));
  const small = BigInt(random(300));
  return [value, small, 2n ** 64n - 1n - small, 2n ** 63n, 0x7fffffffn, 0xffff_ffffn, 0x8000n, 0n][random(8)]!;
}

/** One function for each row and each flag, with random operands. */
function build(cases: readonly { row: X86Row; numbers: Numbers }[]) {
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', 2);
  const fp = defineFpFunctions(module, FFLAGS);
  cases.forEach(({ row, numbers }, i) =>
    module.function(
      `case${i}`,
      [],
      ['i32'],
      (code) => {
        emitInstruction(graphOfX86(row), new ConstantFlow(code, numbers, fp));
        code.op('unreachable');
      },
      `case${i}`,
    ),
  );
  for (const flag of FLAGS) {
    const reader: X86Row = {
      name: flag,
      encoding: '',
      form: 'implied',
      size: 8,
      semantics: (m) => m.setGpr(m.fixedGpr(0), m.flag(flag)),
    };
    module.function(
      flag,
      [],
      ['i32'],
      (code) => {
        emitInstruction(graphOfX86(reader), new ConstantFlow(code, { dst: 0, src: 0, imm: 0 }, fp));
        code.op('unreachable');
      },
      flag,
    );
  }
  const memory = nodeWasm.createMemory(2);
  return { view: new DataView(memory.buffer), exports: nodeWasm.instantiate(module.toBytes(), memory, {}) };
}

describe('x86 rows: oracle and WebAssembly', () => {
  const cases = X86_ROWS.flatMap((row) =>
    Array.from({ length: 4 }, () => ({
      row,
      numbers: { dst: random(16), src: random(16), imm: random(2 ** 20) - 2 ** 19 },
    })),
  );
  const { view, exports } = build(cases);
  const oracle = new X86Oracle({
    load: (size, address) => {
      let value = 0n;
      for (let i = size - 1; i >= 0; i--)
        value = (value << 8n) | BigInt(shadow[Number(address & BigInt(RAM_MASK)) + i]!);
      return value;
    },
    store: (size, address, value) => {
      for (let i = 0; i < size; i++)
        shadow[Number(address & BigInt(RAM_MASK)) + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    },
  });
  const shadow = new Uint8Array(65536);

  it.each(X86_ROWS.map((row) => ({ name: row.name, row })))('$name', ({ row }) => {
    for (const [i, one] of cases.entries()) {
      if (one.row !== row) continue;
      for (let trial = 0; trial < 60; trial++) {
        for (let r = 0; r < 16; r++) {
          view.setBigUint64(REGISTERS.x + 8 * r, (oracle.gprs[r] = random64()), true);
          view.setBigUint64(REGISTERS.f + 8 * r, (oracle.xmms[r] = random64()), true);
        }
        // The flags of a random addition.
        const prelude = X86_ROWS.findIndex((candidate) => candidate.name === 'addl');
        run(cases.findIndex((candidate) => candidate.row === X86_ROWS[prelude]));
        run(i);
      }
    }
  });

  function run(i: number): void {
    const { row, numbers } = cases[i]!;
    const operands = { dst: numbers.dst, src: numbers.src, xmmDst: numbers.dst, xmmSrc: numbers.src, imm: numbers.imm };
    oracle.begin(BigInt(PC), LENGTH);
    const vector = oracle.execute(row, operands as unknown as X86Operands);
    const outcome = exports[`case${i}`]!();
    expect(outcome === OUTCOME.trap, row.name).toBe(vector !== undefined);
    if (outcome !== OUTCOME.trap)
      expect(outcome === OUTCOME.jump ? view.getBigUint64(TARGET, true) : BigInt(PC + LENGTH), row.name).toBe(
        oracle.next,
      );
    for (let r = 0; r < 16; r++) {
      expect(view.getBigUint64(REGISTERS.x + 8 * r, true), `${row.name} r${r}`).toBe(oracle.gpr(r as unknown as Gpr));
      expect(view.getBigUint64(REGISTERS.f + 8 * r, true), `${row.name} xmm${r}`).toBe(oracle.xmms[r]);
    }
    const rax = view.getBigUint64(REGISTERS.x, true);
    for (const flag of FLAGS) {
      exports[flag]!();
      expect(view.getBigUint64(REGISTERS.x, true) === 1n, `${row.name} ${flag}`).toBe(oracle.flags[flag]);
    }
    view.setBigUint64(REGISTERS.x, rax, true);
    expect(Buffer.compare(new Uint8Array(view.buffer, RAM, 65536), shadow), row.name).toBe(0);
  }
});
