/**
 * Builds the real default image through this machine's apt, twice. Needs apt-get, the Debian keyring and a mirror that
 * answers; runs in CI. Where there is no apt-get it is skipped, as it is with RINGFENCE_OFFLINE=1.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildDebianImage } from '../../src/image/debian-node.ts';
import type { OpenImageFile } from '../../src/image/files-node.ts';
import { openImageFile } from '../../src/image/files-node.ts';
import { openStore } from '../../src/image/store-node.ts';

const canBuild = process.env['RINGFENCE_OFFLINE'] !== '1' && spawnSync('apt-get', ['--version']).status === 0;

describe.skipIf(!canBuild)('the default Debian image', () => {
  const home = mkdtempSync(join(tmpdir(), 'rf-build-'));
  const store = openStore({ RINGFENCE_HOME: home });
  const phases = new Set<string>();
  let image: OpenImageFile;

  beforeAll(async () => {
    const { path } = await buildDebianImage(store, { onProgress: ({ phase }) => phases.add(phase) });
    image = openImageFile(path);
  }, 600_000);
  afterAll(() => {
    image?.close();
    rmSync(home, { recursive: true });
  });

  /** The inode of a path, following links. */
  function find(path: string): number {
    const { tree } = image;
    const pending = path.split('/').reverse();
    let dir = 0;
    while (pending.length > 0) {
      const part = pending.pop()!;
      if (part === '') continue;
      if (part === '..') {
        dir = tree.parent(dir);
        continue;
      }
      const ino = tree.lookup(dir, part);
      if (ino < 0) return -1;
      const target = tree.readLink(ino);
      if (target !== '') pending.push(...target.split('/').reverse());
      if (target.startsWith('/')) dir = 0;
      if (target === '') dir = ino;
    }
    return dir;
  }

  test.each([
    '/usr/bin/bash',
    '/bin/busybox',
    '/bin/sh',
    '/lib/riscv64-linux-gnu/libc.so.6',
    '/lib/ld-linux-riscv64-lp64d.so.1',
    '/usr/bin/awk',
    '/usr/bin/pager',
    '/usr/bin/editor',
    '/usr/bin/vi',
  ])('%s is an ELF file for riscv64', (path) => {
    const start = new Uint8Array(20);
    expect(image.tree.read(find(path), 0, start)).toBe(20);
    expect([...start.subarray(0, 5)]).toEqual([0x7f, 0x45, 0x4c, 0x46, 2]);
    expect(start[18]! | (start[19]! << 8)).toBe(243);
  });

  test('has what programs look for', () => {
    for (const path of [
      '/etc/passwd',
      '/etc/nsswitch.conf',
      '/etc/profile',
      '/root/.bashrc',
      '/home/user/.bashrc',
      '/proc',
    ]) {
      expect(find(path), path).toBeGreaterThan(0);
    }
    expect(image.tree.attributes(find('/tmp')).mode).toBe(0o041777);
    expect(image.tree.meta.packages).toContainEqual(expect.stringMatching(/^bash_5/));
    expect([...phases].sort()).toEqual(['check', 'download', 'unpack', 'update', 'write']);
    store.verify('debian-riscv64');
  });

  test('comes out the same again', async () => {
    const { digest } = image.tree;
    const { path } = await buildDebianImage(store);
    const again = openImageFile(path);
    expect(again.tree.digest).toBe(digest);
    again.close();
  }, 600_000);
});
