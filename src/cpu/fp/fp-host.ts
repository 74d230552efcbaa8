/**
 * What the host can do beyond plain WebAssembly: found out at start, since engines and processors differ.
 *
 * Relaxed SIMD's multiply-add may round once or twice, always alike on one machine; where it rounds once, it is a fused
 * multiply-add in one instruction.
 *
 * Interface: FpHost, PLAIN_FP_HOST, detectFpHost, relaxedMadd.
 */
import { ModuleBuilder } from '../../wasm/module.ts';
import type { LinearMemory, WasmFunction, WasmPort } from '../wasm-port.ts';
import { Value, Variable } from './value.ts';

/** A parameter of the emitters of host-fp.ts. */
export interface FpHost {
  /** relaxedMadd exists and rounds once, in both formats. */
  readonly fusedMadd: boolean;
}

/** What every engine can do; for code that is generated before the engine is known. */
export const PLAIN_FP_HOST: FpHost = { fusedMadd: false };

/** x * x + y, which is zero where the product is rounded first. */
const PROBES = {
  f32: [
    { x: 1 + 2 ** -15, y: -(1 + 2 ** -14), fused: 2 ** -30 },
    { x: 2 ** -24 - 1, y: 2 ** -23 - 1, fused: 2 ** -48 },
  ],
  f64: [
    { x: 1 + 2 ** -30, y: -(1 + 2 ** -29), fused: 2 ** -60 },
    { x: 2 ** -53 - 1, y: 2 ** -52 - 1, fused: 2 ** -106 },
  ],
} as const;

/** Compiles and runs a small module. */
export function detectFpHost(port: WasmPort, memory: LinearMemory): FpHost {
  let probes: Record<string, WasmFunction>;
  try {
    probes = port.instantiate(probeModule(), memory, {});
  } catch {
    // An engine without relaxed SIMD rejects the module.
    return PLAIN_FP_HOST;
  }
  const fusedMadd = (['f32', 'f64'] as const).every((format) =>
    PROBES[format].every(({ x, y, fused }) => probes[format]!(x, y) === fused),
  );
  return { fusedMadd };
}

/** a * b + c in one instruction. */
export function relaxedMadd(a: Value, b: Value, c: Value): Value {
  const [splat, madd, extract] =
    a.type === 'f32'
      ? (['f32x4.splat', 'f32x4.relaxed_madd', 'f32x4.extract_lane'] as const)
      : (['f64x2.splat', 'f64x2.relaxed_madd', 'f64x2.extract_lane'] as const);
  return new Value(a.type, (code) => {
    for (const operand of [a, b, c]) {
      operand.emit(code);
      code.op(splat);
    }
    code.op(madd).lane(extract, 0);
  });
}

function probeModule(): Uint8Array {
  const module = new ModuleBuilder();
  for (const format of ['f32', 'f64'] as const)
    module.function(
      format,
      [format, format],
      [format],
      (code, xLocal, yLocal) => {
        const [x, y] = [new Variable(xLocal!), new Variable(yLocal!)];
        relaxedMadd(x, x, y).emit(code);
      },
      format,
    );
  return module.toBytes();
}
