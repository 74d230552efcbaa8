/**
 * Unpacks Debian packages. See deb(5) and deb-control(5).
 *
 * Interface: unpackDeb, DebPackage, parseControl.
 * Unpacks data.tar into the tree as dpkg would (links to directories are followed) and runs no maintainer script.
 */
import { readAr } from './ar.ts';
import { toText } from './byte-string.ts';
import { decompress } from './decompress.ts';
import type { FileTree } from './file-tree.ts';
import { collect } from './file-tree.ts';
import { ImageError } from './image-error.ts';
import { addTarEntry } from './tar-import.ts';
import { readTar } from './tar-reader.ts';

export interface DebPackage {
  /** The control file as text, and its fields by name. */
  readonly control: string;
  readonly fields: ReadonlyMap<string, string>;
  /** Other files of control.tar by name: 'md5sums', 'conffiles', 'postinst', … */
  readonly controlFiles: ReadonlyMap<string, Uint8Array>;
  /** Paths that the package unpacked, as dpkg's list files have them: '/.', '/usr/bin/bash', … */
  readonly paths: readonly string[];
  /** The latest mtime among them, in seconds. */
  readonly latestMtimeSec: number;
}

export async function unpackDeb(tree: FileTree, chunks: AsyncIterable<Uint8Array>): Promise<DebPackage> {
  const controlFiles = new Map<string, Uint8Array>();
  const paths: string[] = [];
  let latestMtimeSec = 0;
  for await (const member of readAr(chunks)) {
    if (/^control\.tar(\.|$)/.test(member.name)) {
      for await (const entry of readTar(decompress(member.body))) {
        if (entry.type === 'file') controlFiles.set(entry.name.replace(/^\.\//, ''), await collect(entry.body));
      }
    } else if (/^data\.tar(\.|$)/.test(member.name)) {
      for await (const entry of readTar(decompress(member.body))) {
        await addTarEntry(tree, entry);
        paths.push(entry.name.replace(/^\.?\/?/, '/').replace(/(?<=.)\/$/, ''));
        latestMtimeSec = Math.max(latestMtimeSec, entry.mtimeSec);
      }
    }
  }
  const control = controlFiles.get('control');
  if (control === undefined) throw new ImageError('bad-format', 'A package without a control file.');
  controlFiles.delete('control');
  const text = new TextDecoder().decode(control).trimEnd();
  return {
    control: text,
    fields: parseControl(text),
    controlFiles,
    paths: paths.map((path) => (path === '/' ? '/.' : toText(path))),
    latestMtimeSec,
  };
}

/** Fields of one paragraph; lines that begin with a blank go on with the field above. */
export function parseControl(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^([^\s:]+):[ \t]*((?:.*)(?:\n[ \t].*)*)/gm)) fields.set(name!, value!);
  return fields;
}
