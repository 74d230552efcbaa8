import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeWasm } from '../../host/node/wasm.ts';
import type { WasmFunction, WasmPort } from '../wasm-port.ts';
import { detectFpHost } from './fp-host.ts';

type Madd = (x: number, y: number) => number;

/** An engine on which relaxed SIMD gives x * x + y as these do. */
function engine(madd: { f32: Madd; f64: Madd }): WasmPort {
  return { ...nodeWasm, instantiate: () => ({ f32: madd.f32 as WasmFunction, f64: madd.f64 as WasmFunction }) };
}

describe('the host is asked whether its multiply-add is fused:', () => {
  const memory = nodeWasm.createMemory(1);

  it('not where it rounds twice', () => {
    const twice = engine({ f32: (x, y) => Math.fround(Math.fround(x * x) + y), f64: (x, y) => x * x + y });
    expect(detectFpHost(twice, memory)).toEqual({ fusedMadd: false });
  });

  it('not where floats alone are fused', () => {
    // In double arithmetic the probes of floats are exact.
    expect(detectFpHost(engine({ f32: (x, y) => x * x + y, f64: (x, y) => x * x + y }), memory)).toEqual({
      fusedMadd: false,
    });
  });

  it('not where the engine rejects relaxed SIMD', () => {
    const instantiate = (): never => {
      throw new SyntaxError('invalid opcode');
    };
    expect(detectFpHost({ ...nodeWasm, instantiate }, memory)).toEqual({ fusedMadd: false });
  });

  it.runIf(processorHasFma())('fused on a processor with a fused multiply-add', () => {
    expect(detectFpHost(nodeWasm, memory)).toEqual({ fusedMadd: true });
  });
});

function processorHasFma(): boolean {
  if (process.arch === 'arm64') return true;
  return existsSync('/proc/cpuinfo') && /^flags.*\bfma\b/m.test(readFileSync('/proc/cpuinfo', 'latin1'));
}
