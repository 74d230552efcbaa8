/** Clock and entropy that Node and browsers have in common. Interface: hostClock, machineClock, hostEntropy. */
import type { HostPorts } from '../kernel/ports.ts';

const MAX_RANDOM_BYTES = 65536;

/** Node's own clock where there is one: it takes two thirds of the time of performance.now(), and programs read it often. */
const { hrtime } = (globalThis as { process?: { hrtime?: () => [number, number] } }).process ?? {};

export const hostClock: HostPorts['clock'] = {
  monotonicNs:
    hrtime === undefined
      ? () => performance.now() * 1e6
      : () => {
          const [sec, nsec] = hrtime();
          return sec * 1e9 + nsec;
        },
  realtime: () => {
    const ms = Date.now();
    return { sec: Math.floor(ms / 1000), nsec: (ms % 1000) * 1_000_000 };
  },
};

export const hostEntropy: HostPorts['entropy'] = {
  fill: (bytes) => {
    // getRandomValues takes neither more than 64 KiB nor shared memory.
    for (let at = 0; at < bytes.length; at += MAX_RANDOM_BYTES) {
      const chunk = new Uint8Array(Math.min(MAX_RANDOM_BYTES, bytes.length - at));
      crypto.getRandomValues(chunk);
      bytes.set(chunk, at);
    }
  },
};
