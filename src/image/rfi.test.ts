import { expect, test } from 'vitest';
import { MemorySource, MemoryStaging } from './blob.ts';
import { fromText } from './byte-string.ts';
import { S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG } from '../abi/file-mode.ts';
import { FileTree, defaultAttributes } from './file-tree.ts';
import { openImage, verifyImage } from './rfi-reader.ts';
import { writeImage } from './rfi-writer.ts';

class MemorySink {
  bytes = new Uint8Array(0);
  write(offset: number, chunk: Uint8Array): void {
    if (offset + chunk.length > this.bytes.length) {
      const grown = new Uint8Array(offset + chunk.length);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes.set(chunk, offset);
  }
}

const attributes = { ...defaultAttributes(0o640, 1_700_000_000), mtimeNsec: 123_456_789, uid: 70_000, gid: 5 };

function encode(tree: FileTree): Uint8Array<ArrayBuffer> {
  const sink = new MemorySink();
  writeImage(tree, sink, { meta: { source: 'test', architecture: 'riscv64' } });
  return sink.bytes;
}

function sample(reversed = false): FileTree {
  const tree = new FileTree(new MemoryStaging());
  const steps = [
    () =>
      tree.addFile(
        'usr/bin/bash',
        attributes,
        Uint8Array.from({ length: 10_000 }, (_, at) => at & 255),
      ),
    () => tree.addSymlink('bin', attributes, 'usr/bin'),
    () => tree.addDevice('dev/null', attributes, S_IFCHR, 1, 3),
    () =>
      tree.addFile(
        'empty',
        { ...attributes, xattrs: new Map([['user.x', Uint8Array.of(0, 255, 10)]]) },
        new Uint8Array(),
      ),
    () => tree.addFile('\xff\x01 raw', attributes, Uint8Array.of(1)),
    () => tree.addFile(fromText('é'), attributes, Uint8Array.of(2)),
  ];
  for (const step of reversed ? steps.reverse() : steps) step();
  tree.addHardLink('usr/bin/rbash', 'usr/bin/bash');
  return tree;
}

function walk(image: ReturnType<typeof openImage>, path: string): number {
  return path.split('/').reduce((dir, name) => image.lookup(dir, name), 0);
}

test('all that a tree holds comes back', () => {
  const image = openImage(new MemorySource(encode(sample())));
  expect(image.meta).toEqual({ source: 'test', architecture: 'riscv64' });
  expect(image.children(0).map((entry) => entry.name)).toEqual([
    'bin',
    'dev',
    'empty',
    'usr',
    fromText('é'),
    '\xff\x01 raw',
  ]);
  for (const { name, ino } of image.children(0)) expect(image.lookup(0, name)).toBe(ino);

  const bash = walk(image, 'usr/bin/bash');
  expect(image.attributes(bash)).toEqual({
    mode: S_IFREG | 0o640,
    uid: 70_000,
    gid: 5,
    nlink: 2,
    size: 10_000,
    mtimeSec: 1_700_000_000,
    mtimeNsec: 123_456_789,
    rdevMajor: 0,
    rdevMinor: 0,
  });
  expect(walk(image, 'usr/bin/rbash')).toBe(bash);
  const page = new Uint8Array(4096);
  expect(image.read(bash, 8192, page)).toBe(10_000 - 8192);
  expect(page[5]).toBe(8197 & 255);
  expect(image.read(bash, 10_000, page)).toBe(0);

  expect(image.readLink(walk(image, 'bin'))).toBe('usr/bin');
  expect(image.attributes(walk(image, 'bin')).mode).toBe(S_IFLNK | 0o777);
  expect(image.attributes(walk(image, 'dev/null'))).toMatchObject({ rdevMajor: 1, rdevMinor: 3 });
  expect(image.xattrs(walk(image, 'empty'))).toEqual([{ name: 'user.x', value: Uint8Array.of(0, 255, 10) }]);
  expect(image.attributes(0)).toMatchObject({ mode: S_IFDIR | 0o755, nlink: 4 });
  expect(image.parent(walk(image, 'usr/bin'))).toBe(walk(image, 'usr'));
});

test('what is not there is -1 or empty', () => {
  const image = openImage(new MemorySource(encode(sample())));
  expect(image.lookup(0, 'nothing')).toBe(-1);
  expect(image.lookup(0, '')).toBe(-1);
  expect(image.lookup(walk(image, 'empty'), 'x')).toBe(-1);
  expect(image.lookup(99_999, 'x')).toBe(-1);
  expect(image.children(walk(image, 'empty'))).toEqual([]);
  expect(image.read(0, 0, new Uint8Array(1))).toBe(0);
});

test('the bytes do not depend on the order of building', () => {
  expect(encode(sample(true))).toEqual(encode(sample()));
});

test('contents begin on pages', () => {
  const bytes = encode(sample());
  const at = bytes.findIndex((_, index) => index >= 4096 && bytes[index + 1] === 1 && bytes[index + 255] === 255);
  expect(at % 4096).toBe(0);
});

test('damage is found: header, index and size at open, contents by verifyImage', () => {
  const good = encode(sample());
  verifyImage(new MemorySource(good));
  const damaged = (at: number): MemorySource => {
    const bytes = good.slice();
    bytes[at]! ^= 1;
    return new MemorySource(bytes);
  };
  expect(() => openImage(damaged(0))).toThrow('not a Ringfence image');
  expect(() => openImage(damaged(8))).toThrow('version');
  expect(() => openImage(damaged(13))).toThrow('header');
  const torn = good.slice();
  torn.fill(0, good.length - 512, good.length - 64);
  expect(() => openImage(new MemorySource(torn))).toThrow('index');
  expect(() => verifyImage(damaged(good.length - 1))).toThrow('SHA-256');
  expect(() => openImage(new MemorySource(good.subarray(0, -1)))).toThrow('bytes');
  expect(() => openImage(new MemorySource(good.subarray(0, 100)))).toThrow('header');
  expect(() => openImage(new MemorySource(new Uint8Array(0)))).toThrow('not a Ringfence image');
  expect(() => openImage(damaged(5000))).not.toThrow();
  expect(() => verifyImage(damaged(5000))).toThrow('SHA-256');
});
