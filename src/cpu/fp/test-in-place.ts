/**
 * For tests: primitives done in place (host-fp.ts), with the complete function behind them, on every kind of host that this
 * engine can be.
 */
import { FP_PRIMITIVES, type FpPrimitive } from '../../isa/fp-ops.ts';
import type { FuncRef } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import type { WasmPort } from '../wasm-port.ts';
import { FLAG, RM } from './format.ts';
import { detectFpHost, PLAIN_FP_HOST, type FpHost } from './fp-host.ts';
import { emitHostFp, hostFpNeeds, hostFpTypes } from './host-fp.ts';

export interface TestHost {
  /** Before the names of the functions that are generated for it. */
  readonly prefix: string;
  readonly host: FpHost;
}

export function testHosts(port: WasmPort): TestHost[] {
  const detected = detectFpHost(port, port.createMemory(1));
  const plain = { prefix: 'in place ', host: PLAIN_FP_HOST };
  return detected.fusedMadd ? [plain, { prefix: 'fused ', host: detected }] : [plain];
}

/** Exports a function like `complete`, by the name of the primitive with the host's prefix. */
export function defineInPlace(
  module: ModuleBuilder,
  { prefix, host }: TestHost,
  fflags: number,
  name: FpPrimitive,
  complete: FuncRef,
): FuncRef {
  const { operands, rounded } = FP_PRIMITIVES.get(name)!;
  const types = hostFpTypes(name);
  const modes = name.startsWith('fToInt') ? [RM.RNE, RM.RTZ, RM.RDN, RM.RUP] : [RM.RNE];
  return module.function(
    prefix + name,
    complete.params,
    complete.results,
    (code, ...params) => {
      for (const mode of modes)
        code.block((slow) => {
          if (rounded) code.get(params[operands]!).i32(mode).op('i32.ne').brIf(slow);
          if (hostFpNeeds(name) === 'mode and NX')
            code.i32(fflags).mem('i32.load').i32(FLAG.NX).op('i32.and', 'i32.eqz').brIf(slow);
          for (const param of params.slice(0, operands)) {
            code.get(param);
            if (types.operand === 'f64') code.op('f64.reinterpret_i64');
            else if (types.operand === 'f32') code.op('i32.wrap_i64', 'f32.reinterpret_i32');
          }
          emitHostFp(name, { code, host, slow, temp: (type) => code.local(type), withZeros: true }, mode);
          if (types.result === 'f64') code.op('i64.reinterpret_f64');
          else if (types.result === 'f32') code.op('i32.reinterpret_f32', 'i64.extend_i32_u');
          else if (types.result === 'i32') code.op('i64.extend_i32_u');
          code.op('return');
        });
      for (const param of params) code.get(param);
      code.call(complete);
    },
    prefix + name,
  );
}
