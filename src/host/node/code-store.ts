/**
 * Translated code on disk, in the user's cache directory: ringfence/translations/BUILD/NAME. A file is written whole or not at all, and is
 * read only if it is undamaged; what cannot be written is not kept.
 *
 * Interface: openCodeStore, codeDirectory.
 */
import * as fs from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cachedDataVersionTag, deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import type { CodeStore } from '../../machine/machine.ts';
import { readPrebuilt } from './prebuilt.ts';

/** All files of a build together; those that were not read for the longest time go first. */
const MAX_BYTES = 512 << 20;
/** Builds of Ringfence and versions of Node of which code is kept. */
const MAX_BUILDS = 4;
const CHECKSUM_BYTES = 4;
/** How names of files end that are being written, and how long that may take. */
const UNFINISHED = '.part';
const UNFINISHED_MS = 3_600_000;

/** Where code is kept: $XDG_CACHE_HOME/ringfence/translations. */
export function codeDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'ringfence', 'translations');
}

/** What is kept in a directory for machines that are laid out as `layout` says; undefined where this build has no name. */
export function openCodeStore(
  directory: string,
  layout: string,
  {
    build = readPrebuilt('generator')?.toString('latin1'),
    maxBytes = MAX_BYTES,
  }: { build?: string | undefined; maxBytes?: number } = {},
): CodeStore | undefined {
  if (build === undefined) return undefined;
  const own = join(directory, `${build}-${hex(cachedDataVersionTag())}-${hex(crc32(layout))}`);
  const isThere = fs.existsSync(own);
  let isTidy = false;
  return {
    load: (name) => (isThere ? load(join(own, name)) : undefined),
    save(name, page) {
      try {
        if (!isTidy) tidy(directory, own, maxBytes);
        isTidy = true;
        write(join(own, name), serialize(page));
      } catch {
        // A full disk, or a directory that is not ours: the next run is not faster, nothing else.
      }
    },
  };
}

function load(file: string): ReturnType<CodeStore['load']> {
  try {
    if (!fs.existsSync(file)) return undefined;
    const data = fs.readFileSync(file);
    const body = data.subarray(CHECKSUM_BYTES);
    return data.length > CHECKSUM_BYTES && data.readUInt32LE(0) === crc32(body)
      ? (deserialize(body) as ReturnType<CodeStore['load']>)
      : undefined;
  } catch {
    return undefined;
  }
}

function write(file: string, body: Buffer): void {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(body));
  const temporary = `${file}.${process.pid}${UNFINISHED}`;
  try {
    fs.writeFileSync(temporary, Buffer.concat([checksum, body]), { mode: 0o600 });
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/** Makes a build's directory, and room in it and beside it. */
function tidy(directory: string, own: string, maxBytes: number): void {
  fs.mkdirSync(own, { recursive: true, mode: 0o700 });
  const files = byAge(own);
  // Of processes that were killed while they wrote.
  for (const { path, usedMs } of files)
    if (path.endsWith(UNFINISHED) && usedMs < Date.now() - UNFINISHED_MS) fs.rmSync(path, { force: true });
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files) {
    if (total <= maxBytes) break;
    fs.rmSync(path, { force: true });
    total -= size;
  }
  const builds = byAge(directory).filter(({ path }) => path !== own);
  for (const { path } of builds.slice(0, Math.max(0, builds.length + 1 - MAX_BUILDS)))
    fs.rmSync(path, { recursive: true, force: true });
}

/** What is in a directory, those first that were not used for the longest time. */
function byAge(directory: string): { path: string; size: number; usedMs: number }[] {
  const entries = fs.readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    // Others tidy up, too.
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    return stat ? [{ path, size: stat.size, usedMs: Math.max(stat.atimeMs, stat.mtimeMs) }] : [];
  });
  return entries.sort((a, b) => a.usedMs - b.usedMs);
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
