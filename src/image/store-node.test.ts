import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { downloadPackages } from './apt-node.ts';
import { toBytes } from './byte-string.ts';
import { buildDebianImage } from './debian-node.ts';
import { exportImageFile } from './export-node.ts';
import { defaultAttributes } from './file-tree.ts';
import { openImageFile } from './files-node.ts';
import type { ImageStore } from './store-node.ts';
import { openStore } from './store-node.ts';

let home: string;
let store: ImageStore;
let path: string | undefined;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rf-store-'));
  store = openStore({ RINGFENCE_HOME: home });
  path = process.env['PATH'];
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(home, { recursive: true });
});

function readFrom(imagePath: string, name: string): string {
  const image = openImageFile(imagePath);
  const ino = image.tree.lookup(0, name);
  const bytes = new Uint8Array(ino < 0 ? 0 : image.tree.attributes(ino).size);
  image.tree.read(ino, 0, bytes);
  image.close();
  return ino < 0 ? '(absent)' : new TextDecoder().decode(bytes);
}

function makeTar(name: string, files: Readonly<Record<string, string | Uint8Array>>, options: string[] = []): string {
  const root = join(home, `${name}.d`);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), content);
  }
  execFileSync('tar', ['-cf', join(home, name), ...options, '-C', root, '.']);
  return join(home, name);
}

const put = (name: string, content: string): Promise<string> =>
  store.put(name, (tree) => {
    tree.addFile('file', defaultAttributes(0o644), toBytes(content));
    return Promise.resolve({ meta: { source: 'test' } });
  });

test('images are put, listed, replaced, verified and removed', async () => {
  expect(store.list()).toEqual([]);
  await put('one', 'first');
  await put('one', 'second');
  await put('two', 'x');
  expect(store.list()).toMatchObject([{ name: 'one', meta: { source: 'test' } }, { name: 'two' }]);
  expect(readFrom(store.path('one'), 'file')).toBe('second');
  store.verify('one');
  const bytes = readFileSync(store.path('one'));
  bytes[4096]! ^= 1;
  writeFileSync(store.path('one'), bytes);
  expect(() => store.verify('one')).toThrow('SHA-256');
  writeFileSync(store.path('one'), 'rubbish');
  expect(store.list()[0]).toMatchObject({ name: 'one', meta: null });
  store.remove('one');
  expect(() => store.remove('one')).toThrow('There is: two');
  expect(() => store.path('../x')).toThrow('cannot name');
});

test('two imports of one archive at once give one image, and what a killed builder left goes away', async () => {
  const archive = makeTar('root.tar', { hello: 'once' });
  const [first, second] = await Promise.all([store.resolve(archive), store.resolve(archive)]);
  expect(first).toEqual(second);
  expect(readFrom(first.path, 'hello')).toBe('once');
  await put('one', 'x');
  writeFileSync(join(store.directory, 'one.rfi.1.tmp'), 'half');
  await put('one', 'y');
  expect(readdirSync(store.directory)).toEqual(['one.rfi']);
});

test('a build that fails leaves the old image and no other file', async () => {
  await put('one', 'old');
  await expect(store.put('one', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(readFrom(store.path('one'), 'file')).toBe('old');
  expect(readdirSync(store.directory)).toEqual(['one.rfi']);
});

test('two builders of a name do not meet; the lock of a dead one is taken over', async () => {
  let release = (): void => {};
  const first = store.locked('one', () => new Promise<void>((resolve) => (release = resolve)));
  await expect(put('one', 'x')).rejects.toThrow(`(${process.pid})`);
  release();
  await first;
  const dead = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }));
  writeFileSync(join(store.directory, '.one.lock'), String(dead));
  await put('one', 'x');
  expect(readdirSync(store.directory)).toEqual(['one.rfi']);
});

describe('an IMAGE argument', () => {
  test('is a name, an image file, a tar or a directory', async () => {
    await put('named', 'n');
    expect(await store.resolve('named')).toEqual({ kind: 'image', name: 'named', path: store.path('named') });
    expect(await store.resolve(store.path('named'))).toMatchObject({ kind: 'image', path: store.path('named') });
    expect(await store.resolve(store.directory)).toEqual({ kind: 'directory', path: store.directory });
    await expect(store.resolve('nothing')).rejects.toThrow('There is: named');

    const archive = makeTar('root.tar.gz', { hello: 'from tar' }, ['--gzip']);
    const first = await store.resolve(archive);
    expect(readFrom(first.path, 'hello')).toBe('from tar');
    expect(await store.resolve(archive)).toEqual(first);
    expect(store.list().map((image) => image.name)).toEqual(['named']);
    rmSync(join(home, 'root.tar.gz.d'), { recursive: true });
    makeTar('root.tar.gz', { hello: 'from another tar' }, ['--gzip']);
    expect(readFrom((await store.resolve(archive)).path, 'hello')).toBe('from another tar');
  });

  test('is an OCI layout, as a directory or in a tar; damage is found', async () => {
    const blobs: Record<string, Uint8Array> = {};
    const blob = (bytes: Uint8Array): string => {
      const digest = createHash('sha256').update(bytes).digest('hex');
      blobs[`blobs/sha256/${digest}`] = bytes;
      return `sha256:${digest}`;
    };
    const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
    const layers = [
      gzipSync(readFileSync(makeTar('lower', { gone: 'x', kept: 'lower' }))),
      readFileSync(makeTar('upper', { '.wh.gone': '', kept: 'upper' })),
    ].map((bytes) => ({ digest: blob(bytes) }));
    const manifests = ['amd64', 'riscv64'].map((architecture) => {
      const config = { digest: blob(json({ architecture, config: { Env: ['A=b'], Cmd: ['sh'] } })) };
      return { digest: blob(json({ config, layers })), platform: { os: 'linux', architecture } };
    });
    const index = { digest: blob(json({ manifests })), mediaType: 'application/vnd.oci.image.index.v1+json' };
    const files = {
      'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
      'index.json': JSON.stringify({
        manifests: [{ ...index, annotations: { 'org.opencontainers.image.ref.name': 'v1' } }],
      }),
      ...blobs,
    };
    const archive = makeTar('layout.tar', files);
    for (const place of [archive, `${archive}.d`]) {
      const { path: image } = await store.resolve(place);
      expect(readFrom(image, 'kept')).toBe('upper');
      expect(readFrom(image, 'gone')).toBe('(absent)');
      expect(readFrom(image, 'index.json')).toBe('(absent)');
      const opened = openImageFile(image);
      expect(opened.tree.meta).toEqual({
        source: 'v1',
        architecture: 'riscv64',
        config: { env: ['A=b'], cmd: ['sh'] },
      });
      opened.close();
    }
    await expect(store.importImage('x', archive, { architecture: 'i386' })).rejects.toThrow('There is: amd64, riscv64');
    await expect(store.importImage('x', archive, { reference: 'v2' })).rejects.toThrow('no such image');

    const layer = join(`${archive}.d`, 'blobs/sha256', layers[1]!.digest.slice(7));
    writeFileSync(layer, Buffer.concat([readFileSync(layer), Buffer.from('x')]));
    await expect(store.importImage('x', `${archive}.d`)).rejects.toThrow('SHA-256');
  });

  test('is an archive of docker save', async () => {
    const config = JSON.stringify({ architecture: '386', config: { WorkingDir: '/w' } });
    const layer = readFileSync(makeTar('layer', { file: 'in the layer' }));
    const archive = makeTar('saved.tar', {
      'manifest.json': JSON.stringify([{ Config: 'c.json', RepoTags: ['x:1'], Layers: ['abc/layer.tar'] }]),
      'c.json': config,
      'abc/layer.tar': layer,
    });
    const { path: image } = await store.resolve(archive);
    expect(readFrom(image, 'file')).toBe('in the layer');
    expect(store.list()).toEqual([]);
  });
});

test('an image goes out as a tar and comes back the same', async () => {
  const original = await store.importImage('a', makeTar('a.tar', { 'd/file': 'text' }));
  await exportImageFile(original, join(home, 'out.tar'));
  expect(execFileSync('tar', ['-xOf', join(home, 'out.tar'), './d/file'], { encoding: 'utf8' })).toBe('text');
  const [first, second] = [original, await store.importImage('a.tar', join(home, 'out.tar'))].map(openImageFile);
  expect(first!.tree.inodeCount).toBe(3);
  expect(second!.tree.attributes(2)).toEqual(first!.tree.attributes(2));
  first!.close();
  second!.close();
  await exportImageFile(store.path('a.tar'), join(home, 'again.tar'));
  expect(readFileSync(join(home, 'again.tar'))).toEqual(readFileSync(join(home, 'out.tar')));
  await expect(exportImageFile(original, join(home, 'no/such/place.tar'))).rejects.toMatchObject({ code: 'not-found' });
});

test('a tar goes into what is no file as it is, and not into what cannot be written', async () => {
  const image = await put('one', 'first');
  const fifo = join(home, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const reader = spawn('sh', ['-c', `tar t < ${fifo}`]);
  const listed = text(reader.stdout);
  await exportImageFile(image, fifo);
  expect(await listed).toBe('./\n./file\n');
  expect(statSync(fifo).isFIFO()).toBe(true);
  await expect(exportImageFile(image, home)).rejects.toThrow(/is a directory/);
  await expect(exportImageFile(image, join(home, 'no/such.tar'))).rejects.toThrow(`${home}/no is not there`);
  await expect(exportImageFile(image, '/dev/full')).rejects.toThrow(/The disk is full/);
  expect(statSync('/dev/full').isCharacterDevice()).toBe(true);
});

test.each([
  ['nothing', '', /There are no files in it/],
  ['text', 'text '.repeat(1000), /This is not a tar archive/],
  ['bytes that set every bit', new Uint8Array(10_000).fill(255), /This is not a tar archive/],
  ['half of a gzip file', gzipSync(new Uint8Array(10_000)).subarray(0, 20), /gzip data is damaged or cut short/],
])('%s is not imported, and the error names the file', async (_, content, message) => {
  const file = join(home, 'archive');
  writeFileSync(file, content);
  const importing = store.importImage('one', file);
  await expect(importing).rejects.toThrow(message);
  await expect(importing).rejects.toThrow(`${file}: `);
  expect(store.list()).toEqual([]);
});

test('a directory becomes an image', async () => {
  const root = join(home, 'tree');
  mkdirSync(root);
  writeFileSync(join(root, 'file'), 'text');
  chmodSync(join(root, 'file'), 0o4711);
  const image = openImageFile(await store.importImage('tree', root));
  const attributes = image.tree.attributes(image.tree.lookup(0, 'file'));
  expect(attributes).toMatchObject({ mode: 0o104711, uid: 0, gid: 0, size: 4 });
  image.close();
});

describe('without what a build needs, it says so', () => {
  const request = { suite: 'trixie', architecture: 'riscv64', packages: ['bash'], keyring: '/dev/null' };

  /** A stand-in for apt-get that does what `script` says. */
  function fakeApt(script: string): void {
    const directory = join(home, 'bin');
    mkdirSync(directory);
    writeFileSync(join(directory, 'apt-get'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    process.env['PATH'] = `${directory}:${path}`;
  }

  test('apt-get', async () => {
    process.env['PATH'] = home;
    await expect(downloadPackages({ ...request, cacheDirectory: join(home, 'c') })).rejects.toMatchObject({
      code: 'no-apt',
      hint: expect.stringContaining('ringfence image import') as string,
    });
    expect(existsSync(join(home, 'c'))).toBe(false);
  });

  test('keyring', async () => {
    await expect(downloadPackages({ ...request, keyring: '/none', cacheDirectory: home })).rejects.toMatchObject({
      code: 'no-keyring',
      hint: 'sudo apt-get install debian-archive-keyring',
    });
  });

  test.each([
    ['E: Failed to fetch: Temporary failure resolving', 'apt-failed'],
    ['E: Write error - write (28: No space left on device)', 'no-space'],
    ['E: The repository is not signed.', 'bad-checksum'],
    ['E: Unable to locate package bask', 'not-found'],
  ])('%s', async (said, code) => {
    fakeApt(`echo "${said}" >&2; exit 100`);
    const attempt = downloadPackages({ ...request, mirror: 'file:/none', cacheDirectory: join(home, 'c') });
    await expect(attempt).rejects.toMatchObject({ code, message: expect.stringContaining(said) as string });
  });

  test('a Debian archive', async () => {
    fakeApt('echo "file:/ubuntu/|Ubuntu|Ubuntu"');
    await expect(downloadPackages({ ...request, cacheDirectory: join(home, 'c') })).rejects.toMatchObject({
      code: 'no-archive',
    });
  });

  test('good packages: a damaged one is removed', async () => {
    const cacheDirectory = join(home, 'c');
    fakeApt(`case "$*" in
      *--print-uris*) echo "'file:/x/a_1_riscv64.deb' a_1_riscv64.deb 4 SHA256:${'0'.repeat(64)}";;
      *--download-only*) echo oops >${cacheDirectory}/archives/a_1_riscv64.deb;;
    esac`);
    await expect(downloadPackages({ ...request, mirror: 'file:/none', cacheDirectory })).rejects.toMatchObject({
      code: 'bad-checksum',
    });
    expect(readdirSync(join(cacheDirectory, 'archives'))).toEqual(['partial']);
  });

  test('sane names', async () => {
    await expect(buildDebianImage(store, { packages: ['--option'] })).rejects.toMatchObject({ code: 'bad-name' });
    await expect(buildDebianImage(store, { suite: 'x y' })).rejects.toMatchObject({ code: 'bad-name' });
  });
});
