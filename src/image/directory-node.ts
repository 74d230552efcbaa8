/**
 * Takes a directory of the host as a root file system.
 *
 * Interface: importDirectory.
 * Sockets are left out. Node does not read extended attributes, so there are none. Owners are the host's, or root for
 * all files of whoever imports (`squashOwner`), as is right for a tree that was unpacked without root.
 */
import { lstatSync, readSync, readdirSync, readlinkSync } from 'node:fs';
import { closeSync, openSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { fromBytes } from './byte-string.ts';
import type { FileTree, NodeAttributes } from './file-tree.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from '../abi/file-mode.ts';

export interface ImportDirectoryOptions {
  /** Makes root the owner of what belongs to this user of the host. */
  readonly squashOwner?: number;
}

export function importDirectory(tree: FileTree, directory: string, options: ImportDirectoryOptions = {}): void {
  const firstNames = new Map<string, string>();
  const pending = [{ host: Buffer.from(directory), guest: '' }];
  while (pending.length > 0) {
    const { host, guest } = pending.pop()!;
    const stats = lstatSync(host, { bigint: true });
    const attributes = attributesOf(stats, options);
    const type = Number(stats.mode) & S_IFMT;
    const identity = `${stats.dev}:${stats.ino}`;
    const firstName = firstNames.get(identity);
    if (type !== S_IFDIR && firstName !== undefined) {
      tree.addHardLink(guest, firstName);
      continue;
    }
    if (stats.nlink > 1n) firstNames.set(identity, guest);
    switch (type) {
      case S_IFDIR:
        tree.addDirectory(guest, attributes);
        for (const name of readdirSync(host, { encoding: 'buffer' })) {
          pending.push({ host: Buffer.concat([host, Buffer.from('/'), name]), guest: `${guest}/${fromBytes(name)}` });
        }
        break;
      case S_IFREG:
        stageFile(tree, host, guest, attributes);
        break;
      case S_IFLNK:
        tree.addSymlink(guest, attributes, fromBytes(readlinkSync(host, { encoding: 'buffer' })));
        break;
      case S_IFCHR:
      case S_IFBLK: {
        // Linux: dev_t of stat(2), as makedev(3) packs it.
        const major = Number(((stats.rdev >> 8n) & 0xfffn) | ((stats.rdev >> 32n) & ~0xfffn));
        const minor = Number((stats.rdev & 0xffn) | ((stats.rdev >> 12n) & 0xffffff00n));
        tree.addDevice(guest, attributes, type, major, minor);
        break;
      }
      case S_IFIFO:
        tree.addFifo(guest, attributes);
        break;
    }
  }
}

function attributesOf(stats: BigIntStats, { squashOwner }: ImportDirectoryOptions): NodeAttributes {
  const isOwn = squashOwner !== undefined && Number(stats.uid) === squashOwner;
  const nanoseconds = stats.mtimeNs;
  const mtimeNsec = Number(((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
  return {
    mode: Number(stats.mode) & 0o7777,
    uid: isOwn ? 0 : Number(stats.uid),
    gid: isOwn ? 0 : Number(stats.gid),
    mtimeSec: Number((nanoseconds - BigInt(mtimeNsec)) / 1_000_000_000n),
    mtimeNsec,
    xattrs: new Map(),
  };
}

function stageFile(tree: FileTree, host: Buffer, guest: string, attributes: NodeAttributes): void {
  const fd = openSync(host, 'r');
  try {
    const buffer = new Uint8Array(1 << 18);
    const offset = tree.staging.size;
    let size = 0;
    for (let got = readSync(fd, buffer); got > 0; got = readSync(fd, buffer)) {
      tree.staging.append(buffer.subarray(0, got));
      size += got;
    }
    tree.addStagedFile(guest, attributes, offset, size);
  } finally {
    closeSync(fd);
  }
}
