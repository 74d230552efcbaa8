/**
 * The effects on memory of recorded instructions in translated code, given a way to find out where an access goes.
 *
 * Interface: emitMemoryEffect, MemorySite.
 */
import type { Expr } from '../../isa/graph.ts';
import type { AccessSize } from '../../isa/ops.ts';
import type { CodeEmitter, Local } from '../../wasm/code.ts';
import { LOADS, STORES } from '../interpreter/execute.ts';
import type { ValueEmitter } from '../interpreter/values.ts';
import { HART, type Layout } from '../layout.ts';
import type { Host } from './flat-access.ts';

export interface MemorySite {
  readonly code: CodeEmitter;
  readonly layout: Layout;
  /** Gives where an access goes, or leaves. */
  translate(size: AccessSize, address: Expr, access: 'read' | 'write', values: ValueEmitter): Host;
}

/** Evaluates a load, LR, SC or AMO into `result`; false if the expression is none of them. */
export function emitMemoryEffect(site: MemorySite, expr: Expr, result: Local, values: ValueEmitter): boolean {
  const { code } = site;
  const reservation = site.layout.hart + HART.reservation;
  switch (expr.op) {
    case 'load': {
      const host = site.translate(expr.size, expr.a, 'read', values);
      if (expr.size === 4 && expr.signed) {
        code.get(host.local).mem('i32.load', host.offset).op('i64.extend_i32_s').set(result);
        return true;
      }
      const load = expr.signed ? LOADS[expr.size].signed : LOADS[expr.size].unsigned;
      code
        .get(host.local)
        .mem(result.type === 'f64' ? 'f64.load' : load, host.offset)
        .set(result);
      return true;
    }
    case 'loadReserved': {
      const host = site.translate(expr.size, expr.a, 'read', values);
      code.get(host.local).mem(LOADS[expr.size].signed, host.offset).set(result);
      code.i32(0);
      values.value(expr.a);
      code.mem('i64.store', reservation);
      return true;
    }
    case 'storeConditional': {
      const host = site.translate(expr.size, expr.a, 'write', values);
      code.i32(0).mem('i64.load', reservation);
      values.value(expr.a);
      code.op('i64.ne', 'i64.extend_i32_u').tee(result).op('i64.eqz');
      code.if(() => {
        code.get(host.local);
        values.value(expr.b);
        code.mem(STORES[expr.size], host.offset);
      });
      code.i32(0).i64(-1).mem('i64.store', reservation);
      return true;
    }
    case 'amo': {
      const host = site.translate(expr.size, expr.a, 'write', values);
      code.get(host.local).mem(LOADS[expr.size].signed, host.offset).set(result);
      values.alias(expr.old, result);
      code.get(host.local);
      values.value(expr.update);
      code.mem(STORES[expr.size], host.offset);
      return true;
    }
    default:
      return false;
  }
}
