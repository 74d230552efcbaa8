/**
 * Random bytes on Node: from the system's device, where it has one. They are as good as Web Crypto's, which takes four milliseconds to load.
 * Interface: nodeEntropy.
 */
import { openSync, readSync } from 'node:fs';
import type { HostPorts } from '../../kernel/ports.ts';
import { hostEntropy } from '../clock.ts';

const DEVICE = '/dev/urandom';

/** Open from first use on; null: there is none. */
let device: number | null | undefined;

export const nodeEntropy: HostPorts['entropy'] = {
  fill: (bytes) => {
    device ??= openDevice();
    if (device === null) return hostEntropy.fill(bytes);
    for (let at = 0; at < bytes.length;) {
      const count = readSync(device, bytes, at, bytes.length - at, null);
      if (count === 0) throw new Error(`${DEVICE} has come to an end`);
      at += count;
    }
  },
};

function openDevice(): number | null {
  try {
    return openSync(DEVICE, 'r');
  } catch {
    return null;
  }
}
