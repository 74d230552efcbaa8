/**
 * The guest's registers in translated code: locals, of which some are as the hart state has them (dataflow.ts).
 *
 * Interface: GuestRegisters.
 */
import type { CodeEmitter, Local } from '../../wasm/code.ts';
import { HART, type Layout } from '../layout.ts';
import type { RegisterSet } from './register-set.ts';

export class GuestRegisters {
  private readonly code: CodeEmitter;
  private readonly layout: Layout;
  private readonly locals = { x: new Array<Local | undefined>(32), f: new Array<Local | undefined>(32) };

  constructor(code: CodeEmitter, layout: Layout) {
    this.code = code;
    this.layout = layout;
  }

  local(file: 'x' | 'f', index: number): Local {
    return (this.locals[file][index] ??= this.code.local(file === 'x' ? 'i64' : 'f64'));
  }

  load(set: RegisterSet): void {
    const { code } = this;
    set.forEach((file, index) =>
      code
        .i32(0)
        .mem(file === 'x' ? 'i64.load' : 'f64.load', this.address(file, index))
        .set(this.local(file, index)),
    );
  }

  writeBack(set: RegisterSet): void {
    const { code } = this;
    set.forEach((file, index) =>
      code
        .i32(0)
        .get(this.local(file, index))
        .mem(file === 'x' ? 'i64.store' : 'f64.store', this.address(file, index)),
    );
  }

  /** Of a register in the hart state. */
  address(file: 'x' | 'f', index: number): number {
    return this.layout.hart + HART[file] + 8 * index;
  }
}
