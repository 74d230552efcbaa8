/** Packages are made here, byte by byte: an ar of two tars. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readAr } from './ar.ts';
import { MemorySource, MemoryStaging } from './blob.ts';
import { chunksOf } from './byte-reader.ts';
import { concatBytes, toBytes } from './byte-string.ts';
import { parseControl, unpackDeb } from './deb.ts';
import type { DebPackage } from './deb.ts';
import { finishRootfs, prepareRootfs } from './debian-rootfs.ts';
import { S_IFLNK } from '../abi/file-mode.ts';
import { FileTree, collect, defaultAttributes } from './file-tree.ts';
import { openImage } from './rfi-reader.ts';
import { writeImage } from './rfi-writer.ts';
import { exportTar } from './tar-export.ts';

function makeTar(files: Readonly<Record<string, string>>): Uint8Array {
  const tree = new FileTree(new MemoryStaging());
  for (const [path, content] of Object.entries(files)) {
    if (content.startsWith('-> ')) tree.addSymlink(path, defaultAttributes(0o777, 1000), content.slice(3));
    else tree.addFile(path, defaultAttributes(path.includes('bin/') ? 0o755 : 0o644, 1000), toBytes(content));
  }
  const image = new Uint8Array(1 << 17);
  let end = 0;
  writeImage(tree, {
    write: (offset, bytes) => {
      image.set(bytes, offset);
      end = Math.max(end, offset + bytes.length);
    },
  });
  return concatBytes([...exportTar(openImage(new MemorySource(image.subarray(0, end))))]);
}

function makeAr(members: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const parts = [toBytes('!<arch>\n')];
  for (const [name, body] of Object.entries(members)) {
    const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}`;
    parts.push(toBytes(`${header}${String(body.length).padEnd(10)}\`\n`), body.slice());
    if (body.length % 2 === 1) parts.push(toBytes('\n'));
  }
  return concatBytes(parts);
}

function makeDeb(
  name: string,
  files: Readonly<Record<string, string>>,
  control: Readonly<Record<string, string>> = {},
): Uint8Array {
  return makeAr({
    'debian-binary': toBytes('2.0\n'),
    'control.tar.gz': gzipSync(
      makeTar({ control: `Package: ${name}\nVersion: 1\nArchitecture: riscv64\nDescription: a\n b\n`, ...control }),
    ),
    'data.tar': makeTar(files),
  });
}

test('ar members of odd size, and bodies that nobody reads', async () => {
  const archive = makeAr({ 'a/': toBytes('odd'), b: toBytes('left alone'), c: toBytes('end') });
  const seen: string[] = [];
  for await (const member of readAr(chunksOf(archive))) {
    seen.push(member.name === 'b' ? 'b' : `${member.name}=${new TextDecoder().decode(await collect(member.body))}`);
  }
  expect(seen).toEqual(['a=odd', 'b', 'c=end']);
  await expect(collect(readAr(chunksOf(toBytes('no archive'))) as never)).rejects.toThrow('not an ar');
});

test('control fields go over lines', () => {
  const fields = parseControl('Package: x\nDescription: one\n two\n .\nDepends:\n a,\n b\n');
  expect(fields.get('Package')).toBe('x');
  expect(fields.get('Description')).toBe('one\n two\n .');
  expect(fields.get('Depends')).toBe('\n a,\n b');
});

describe('a root file system of packages', () => {
  async function build(): Promise<FileTree> {
    const tree = new FileTree(new MemoryStaging());
    prepareRootfs(tree);
    const debs = [
      makeDeb('base-passwd', {
        'usr/share/base-passwd/passwd.master': 'root::0:0:root:/root:/bin/bash\nbin:*:2:2:bin:/bin:/usr/sbin/nologin\n',
        'usr/share/base-passwd/group.master': 'root:*:0:\nshadow:*:42:\n',
      }),
      makeDeb('dash', { 'bin/dash': 'dash', 'usr/bin/sh': '-> dash' }),
      makeDeb(
        'tools',
        { 'usr/bin/mawk': 'm', 'usr/bin/less': 'l', 'usr/bin/vim.tiny': 'v', 'lib/ld.so': 'loader' },
        {
          md5sums: 'abc  usr/bin/mawk\n',
          postinst: '#!/bin/sh\nexit 1\n',
        },
      ),
      makeDeb('skel', { 'etc/skel/.profile': 'p', 'lib64/x.so': '64' }),
    ];
    const packages: DebPackage[] = [];
    for (const deb of debs) packages.push(await unpackDeb(tree, chunksOf(deb)));
    finishRootfs(tree, packages, { hostname: 'box', user: 'user' });
    return tree;
  }

  test('merged /usr holds whatever way a package spells it', async () => {
    const tree = await build();
    expect(tree.readText('usr/bin/dash')).toBe('dash');
    expect(tree.readText('bin/sh')).toBe('dash');
    expect(tree.readText('usr/lib/ld.so')).toBe('loader');
    expect(tree.find('lib', false)).toMatchObject({ type: S_IFLNK, target: 'usr/lib' });
    expect(tree.readText('lib64/x.so')).toBe('64');
    expect(tree.find('lib32', false)).toBeNull();
  });

  test('accounts, alternatives and homes are as maintainer scripts leave them', async () => {
    const tree = await build();
    expect(tree.readText('etc/passwd')).toBe(
      'root:x:0:0:root:/root:/bin/sh\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\nuser:x:1000:1000:user:/home/user:/bin/sh\n',
    );
    expect(tree.readText('etc/shadow')).toContain('root:*:');
    expect(tree.find('etc/shadow')).toMatchObject({ mode: 0o640, gid: 42 });
    expect(tree.readText('usr/bin/awk')).toBe('m');
    expect(tree.readText('usr/bin/pager')).toBe('l');
    expect(tree.readText('usr/bin/vi')).toBe('v');
    expect(tree.find('usr/bin/editor', false)?.target).toBe('/etc/alternatives/editor');
    expect(tree.find('home/user')).toMatchObject({ uid: 1000, gid: 1000 });
    expect(tree.readText('home/user/.profile')).toBe('p');
    expect(tree.find('tmp')?.mode).toBe(0o1777);
    expect(tree.readText('etc/shells')).not.toContain('bash');
    expect(tree.find('etc/hostname')?.mtimeSec).toBe(1000);
  });

  test('dpkg finds its database', async () => {
    const tree = await build();
    const status = tree.readText('var/lib/dpkg/status')!;
    expect(status).toMatch(/^Package: base-passwd\nStatus: install ok installed\n/);
    expect(status).toContain('Description: a\n b\n\nPackage: skel\n');
    expect(tree.readText('var/lib/dpkg/info/tools.list')).toContain('/usr/bin/mawk\n');
    expect(tree.readText('var/lib/dpkg/info/tools.md5sums')).toBe('abc  usr/bin/mawk\n');
    expect(tree.find('var/lib/dpkg/info/tools.postinst')?.mode).toBe(0o755);
  });
});
