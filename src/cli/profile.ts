/** The file of `ringfence run --profile`. Interface: openProfile. */
import { closeSync, fstatSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { firefoxProfileOf, pprofOf, type Profile } from '../index.ts';
import { unwritable } from './failure.ts';

const FORMATS = [
  { suffix: /\.json(\.gz)?$/, encode: (profile: Profile) => Buffer.from(JSON.stringify(firefoxProfileOf(profile))) },
  { suffix: /\.pb(\.gz)?$/, encode: (profile: Profile) => Buffer.from(pprofOf(profile)) },
] as const;

/**
 * Opens the file at once, so that a program does not run for nothing; the result writes the profile. What the file held is lost no sooner.
 * Throws RangeError.
 */
export function openProfile(path: string): (profile: Profile) => void {
  const format = FORMATS.find(({ suffix }) => suffix.test(path));
  if (format === undefined)
    throw new RangeError(
      `--profile ${path}: the name tells the format; end it in .pb.gz for pprof, or in .json or .json.gz for the Firefox Profiler`,
    );
  const fd = orSay(path, () => openSync(path, 'a'));
  return (profile) => {
    const bytes = format.encode(profile);
    orSay(path, () => {
      if (fstatSync(fd).isFile()) ftruncateSync(fd);
      writeFileSync(fd, path.endsWith('.gz') ? gzipSync(bytes) : bytes);
    });
    closeSync(fd);
  };
}

function orSay<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw unwritable(`--profile ${path}`, error);
  }
}
