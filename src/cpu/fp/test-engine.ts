/** For tests: an engine that rejects relaxed SIMD, as old ones do. Interface: withoutRelaxedSimd, LesserEngine. */
import type { WasmPort } from '../wasm-port.ts';
import { detectFpHost } from './fp-host.ts';

export interface LesserEngine extends WasmPort {
  /** Modules that it rejected. */
  readonly rejected: number;
}

/** `port`, but for the module that asks for relaxed SIMD. */
export function withoutRelaxedSimd(port: WasmPort): LesserEngine {
  const probe = probeOf(port);
  let rejected = 0;
  return {
    ...port,
    get rejected() {
      return rejected;
    },
    instantiate(bytes, memory, imports) {
      if (bytes.length === probe.length && bytes.every((byte, i) => byte === probe[i])) {
        rejected++;
        throw new SyntaxError('invalid opcode');
      }
      return port.instantiate(bytes, memory, imports);
    },
  };
}

function probeOf(port: WasmPort): Uint8Array {
  let probe = new Uint8Array();
  const instantiate = (bytes: Uint8Array): never => {
    probe = bytes.slice();
    throw new SyntaxError('only looked at');
  };
  detectFpHost({ ...port, instantiate }, port.createMemory(1));
  return probe;
}
