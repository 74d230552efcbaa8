/**
 * SHA-256 over a stream of chunks, for where no faster one is at hand. FIPS 180-4, section 6.2.
 *
 * Interface: Hasher, NewHasher (the port), newSha256, sha256Hex, toHex. sha256-node.ts has the fast one of Node.
 */
export interface Hasher {
  update(chunk: Uint8Array): void;
  digest(): Uint8Array;
}

export type NewHasher = () => Hasher;

const BLOCK = 64;

const [ROUND_CONSTANTS, INITIAL_STATE] = deriveConstants();

export function newSha256(): Hasher {
  const state = INITIAL_STATE.slice();
  const schedule = new Uint32Array(64);
  const pending = new Uint8Array(BLOCK);
  let pendingLength = 0;
  let totalLength = 0;

  function update(chunk: Uint8Array): void {
    totalLength += chunk.length;
    let offset = 0;
    if (pendingLength > 0) {
      offset = Math.min(BLOCK - pendingLength, chunk.length);
      pending.set(chunk.subarray(0, offset), pendingLength);
      pendingLength += offset;
      if (pendingLength < BLOCK) return;
      compress(state, schedule, pending, 0);
      pendingLength = 0;
    }
    for (; offset + BLOCK <= chunk.length; offset += BLOCK) compress(state, schedule, chunk, offset);
    pending.set(chunk.subarray(offset));
    pendingLength = chunk.length - offset;
  }

  function digest(): Uint8Array {
    const bitLength = totalLength * 8;
    const padding = new Uint8Array((pendingLength < 56 ? 56 : 120) - pendingLength + 8);
    padding[0] = 0x80;
    const tail = new DataView(padding.buffer, padding.length - 8);
    tail.setUint32(0, Math.floor(bitLength / 2 ** 32));
    tail.setUint32(4, bitLength >>> 0);
    update(padding);
    const out = new Uint8Array(32);
    const view = new DataView(out.buffer);
    state.forEach((word, index) => view.setUint32(index * 4, word));
    return out;
  }

  return { update, digest };
}

export function sha256Hex(bytes: Uint8Array, newHasher: NewHasher = newSha256): string {
  const hasher = newHasher();
  hasher.update(bytes);
  return toHex(hasher.digest());
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function compress(state: Uint32Array, w: Uint32Array, block: Uint8Array, offset: number): void {
  for (let t = 0, at = offset; t < 16; t++, at += 4) {
    w[t] = (block[at]! << 24) | (block[at + 1]! << 16) | (block[at + 2]! << 8) | block[at + 3]!;
  }
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15]!;
    const y = w[t - 2]!;
    const sigma0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const sigma1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[t] = (w[t - 16]! + sigma0 + w[t - 7]! + sigma1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < 64; t++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const temp1 = (h + sum1 + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[t]! + w[t]!) | 0;
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const temp2 = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + temp1) | 0;
    d = c;
    c = b;
    b = a;
    a = (temp1 + temp2) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}

/** K: first 32 bits of the fractions of the cube roots of the first 64 primes; H(0): of the square roots of eight. */
function deriveConstants(): [Uint32Array, Uint32Array] {
  const fraction = (value: number): number => (value - Math.floor(value)) * 2 ** 32;
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return [
    Uint32Array.from(primes, (p) => fraction(Math.cbrt(p))),
    Uint32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p))),
  ];
}
