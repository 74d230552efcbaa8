/**
 * SHA-256 of Node (OpenSSL) behind the Hasher port.
 *
 * Interface: newNodeSha256, sha256OfFile.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Hasher } from './sha256.ts';
import { toHex } from './sha256.ts';

export function newNodeSha256(): Hasher {
  const hash = createHash('sha256');
  return { update: (chunk) => void hash.update(chunk), digest: () => new Uint8Array(hash.digest()) };
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hasher = newNodeSha256();
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hasher.update(chunk as Uint8Array);
  return toHex(hasher.digest());
}
