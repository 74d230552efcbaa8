/** Files that the build has made beside the code (scripts/prebuild.js). Interface: readPrebuilt. */
import { readFileSync } from 'node:fs';

/** From dist/host/node/prebuilt.js, from the bundle in dist/bundle, and where all is in one directory. */
const PLACES = ['../../prebuilt/', '../prebuilt/', './'];

/** Undefined where it was not built. */
export function readPrebuilt(name: string): Buffer | undefined {
  for (const place of PLACES) {
    try {
      return readFileSync(new URL(`${place}${name}`, import.meta.url));
    } catch {
      // In another place, or nowhere.
    }
  }
  return undefined;
}
