/** How long the host's engine takes to compile and instantiate what we generate. Interface: meterCompilation, Compilation. */
import type { WasmPort } from '../machine/machine.ts';

export interface Compilation {
  modules: number;
  bytes: number;
  /** Time in which nothing else happened. What the engine does in the background, such as optimising, is not in it. */
  ns: number;
}

/** The port with a meter in it; `nowNs` is a monotonic clock. */
export function meterCompilation(port: WasmPort, nowNs: () => number): { port: WasmPort; compilation: Compilation } {
  const compilation: Compilation = { modules: 0, bytes: 0, ns: 0 };
  const meter = <T>(bytes: Uint8Array, make: () => T): T => {
    const start = nowNs();
    const made = make();
    compilation.modules++;
    compilation.bytes += bytes.length;
    compilation.ns += nowNs() - start;
    return made;
  };
  const { revive } = port;
  const metered: WasmPort = {
    ...port,
    instantiate: (bytes, ...rest) => meter(bytes, () => port.instantiate(bytes, ...rest)),
    compile: (bytes) => meter(bytes, () => port.compile(bytes)),
    ...(revive && { revive: (bytes, native) => meter(bytes, () => revive(bytes, native)) }),
  };
  return { port: metered, compilation };
}
