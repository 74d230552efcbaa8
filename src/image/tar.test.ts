/** Tar reading and writing against the system's own tar, as far as there is one, and against each other. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { linkSync, symlinkSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { MemorySource, MemoryStaging } from './blob.ts';
import { chunksOf } from './byte-reader.ts';
import { concatBytes, fromText, toBytes } from './byte-string.ts';
import { decompress } from './decompress.ts';
import { S_IFBLK, S_IFCHR, S_IFIFO } from '../abi/file-mode.ts';
import { FileTree, collect, defaultAttributes } from './file-tree.ts';
import { openImage } from './rfi-reader.ts';
import { writeImage } from './rfi-writer.ts';
import { exportTar } from './tar-export.ts';
import { importLayer, importTar } from './tar-import.ts';

const directory = mkdtempSync(join(tmpdir(), 'rf-tar-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The stream in pieces of an awkward size. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield* chunksOf(bytes.subarray(at, at + 1000));
}

async function unpack(bytes: Uint8Array): Promise<FileTree> {
  const tree = new FileTree(new MemoryStaging());
  await importTar(tree, decompress(pieces(bytes)));
  return tree;
}

function pack(tree: FileTree): Uint8Array {
  const parts: { offset: number; bytes: Uint8Array }[] = [];
  writeImage(tree, { write: (offset, bytes) => parts.push({ offset, bytes: bytes.slice() }) });
  const image = new Uint8Array(Math.max(...parts.map(({ offset, bytes }) => offset + bytes.length)));
  for (const { offset, bytes } of parts) image.set(bytes, offset);
  return concatBytes([...exportTar(openImage(new MemorySource(image)))]);
}

function source(): string {
  const root = join(directory, 'root');
  mkdirSync(join(root, 'sub', 'n'.repeat(120)), { recursive: true });
  writeFileSync(join(root, 'hello'), 'hello\n');
  utimesSync(join(root, 'hello'), 1_600_000_000, 1_600_000_000.25);
  linkSync(join(root, 'hello'), join(root, 'sub/again'));
  symlinkSync('t'.repeat(150), join(root, 'link'));
  writeFileSync(join(root, 'sub', 'n'.repeat(120), 'é'), 'deep');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x41])]), 'raw');
  const sparse = openSync(join(root, 'sparse'), 'w');
  ftruncateSync(sparse, 300_000);
  for (let at = 0; at < 10; at++) writeSync(sparse, `mark${at}`, at * 20_480);
  closeSync(sparse);
  return root;
}

describe('GNU tar', () => {
  const root = source();

  test.each([
    ['gnu', []],
    ['pax', []],
    ['pax', ['--sparse']],
    ['pax', ['--sparse', '--sparse-version=0.1']],
    ['pax', ['--sparse', '--sparse-version=0.0']],
    ['gnu', ['--sparse']],
    ['gnu', ['--gzip']],
    ['gnu', ['--xz']],
    ['gnu', ['--zstd']],
  ])('%s %s is read', async (format, options) => {
    const archive = execFileSync('tar', ['-c', `--format=${format}`, ...options, '-C', root, '.'], {
      maxBuffer: 1 << 26,
    });
    const tree = await unpack(archive);
    expect(tree.readText('hello')).toBe('hello\n');
    expect(tree.find('hello')?.mtimeSec).toBe(1_600_000_000);
    if (format === 'pax') expect(tree.find('hello')?.mtimeNsec).toBe(250_000_000);
    expect(tree.find('sub/again')).toBe(tree.find('hello'));
    expect(tree.find('link', false)?.target).toBe('t'.repeat(150));
    expect(tree.readText(`sub/${'n'.repeat(120)}/${fromText('é')}`)).toBe('deep');
    expect(tree.readText('\xffA')).toBe('raw');
    const sparse = tree.readFile('sparse')!;
    expect(sparse.length).toBe(300_000);
    for (let at = 0; at < 10; at++) {
      expect(new TextDecoder().decode(sparse.subarray(at * 20_480, at * 20_480 + 6))).toBe(`mark${at}\0`);
    }
  });

  test('reads what is exported', () => {
    const tree = new FileTree(new MemoryStaging());
    const attributes = { ...defaultAttributes(0o644, 1_000_000_000), uid: 12, gid: 34 };
    tree.addFile(`${'d'.repeat(90)}/${'f'.repeat(90)}`, attributes, toBytes('split'));
    tree.addFile('n'.repeat(200), attributes, toBytes('long'));
    tree.addHardLink('zz', 'n'.repeat(200));
    tree.addSymlink('link', attributes, 'x'.repeat(180));
    const archive = join(directory, 'out.tar');
    writeFileSync(archive, pack(tree));
    const list = execFileSync('tar', ['-tvf', archive, '--numeric-owner', '--utc'], { encoding: 'utf8' });
    expect(list).toContain(`-rw-r--r-- 12/34             4 2001-09-09 01:46 ./${'n'.repeat(200)}\n`);
    expect(list).toContain(`./${'d'.repeat(90)}/${'f'.repeat(90)}\n`);
    expect(list).toContain(`./zz link to ./${'n'.repeat(200)}\n`);
    expect(list).toContain(`./link -> ${'x'.repeat(180)}\n`);
    expect(execFileSync('tar', ['-xOf', archive, `./${'d'.repeat(90)}/${'f'.repeat(90)}`], { encoding: 'utf8' })).toBe(
      'split',
    );
  });
});

test('everything survives a round trip', async () => {
  const tree = new FileTree(new MemoryStaging());
  const attributes = {
    ...defaultAttributes(0o6751, -5),
    mtimeNsec: 250_000_000,
    uid: 4_000_000_000,
    gid: 3_000_000,
    xattrs: new Map([['security.capability', Uint8Array.of(1, 0, 0, 2, 0xff, 0x0a, 0x3d)]]),
  };
  tree.addFile('f', attributes, toBytes('content'));
  tree.addDevice('c', attributes, S_IFCHR, 4, 64);
  tree.addDevice('b', attributes, S_IFBLK, 8, 1);
  tree.addFifo('p', attributes);
  const archive = pack(tree);
  const copy = await unpack(archive);
  expect(copy.find('f')).toMatchObject(attributes);
  expect(copy.readText('f')).toBe('content');
  expect(copy.find('c')).toMatchObject({ type: S_IFCHR, rdevMajor: 4, rdevMinor: 64 });
  expect(copy.find('b')).toMatchObject({ type: S_IFBLK, rdevMajor: 8, rdevMinor: 1 });
  expect(copy.find('p')?.type).toBe(S_IFIFO);
  expect(pack(copy)).toEqual(archive);
});

test('damage is said, not passed over', async () => {
  const tree = new FileTree(new MemoryStaging());
  tree.addFile('f', defaultAttributes(0o644), new Uint8Array(5000).fill(7));
  const archive = pack(tree);
  await expect(unpack(archive.subarray(0, 2000))).rejects.toThrow('ends');
  const damaged = archive.slice();
  damaged[3]! ^= 1;
  await expect(unpack(damaged)).rejects.toThrow('not a tar');
  const zipped = new Uint8Array(
    await new Response(new Blob([archive.slice()]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
  );
  await expect(unpack(zipped.subarray(0, -20))).rejects.toThrow('gzip');
  await expect(collect(decompress(chunksOf(toBytes('BZh91AY'))))).rejects.toThrow('bzip2');
});

test('whiteouts hide the layers below and nothing of their own layer', async () => {
  const attributes = defaultAttributes(0o644);
  const lower = new FileTree(new MemoryStaging());
  for (const name of ['gone', 'kept', 'dir/old', 'dir/sub/old', 'other/old'])
    lower.addFile(name, attributes, toBytes('lower'));
  const upper = new FileTree(new MemoryStaging());
  for (const name of ['.wh.gone', 'dir/.wh..wh..opq', 'dir/.a-first', 'dir/new', '.wh.other', 'other/new']) {
    upper.addFile(name, attributes, toBytes('upper'));
  }
  await importLayer(lower, chunksOf(pack(upper)));
  expect(lower.find('gone')).toBeNull();
  expect(lower.readText('kept')).toBe('lower');
  expect([...lower.find('dir')!.children.keys()]).toEqual(['.a-first', 'new']);
  expect([...lower.find('other')!.children.keys()]).toEqual(['new']);
});
