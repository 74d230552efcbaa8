import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from './files.ts';

const READ = { write: false, create: false, exclusive: false, truncate: false, mode: 0 };
const CREATE = { write: true, create: true, exclusive: false, truncate: false, mode: 0o644 };

describe('a directory of the host', () => {
  let top: string;
  let root: string;
  let files: ReturnType<typeof openDirectory>;

  beforeEach(() => {
    top = fs.mkdtempSync(join(tmpdir(), 'ringfence-files-'));
    root = join(top, 'shared');
    fs.mkdirSync(join(root, 'dir'), { recursive: true });
    fs.writeFileSync(join(top, 'secret'), 'secret');
    fs.writeFileSync(join(root, 'dir', 'file'), 'contents');
    files = openDirectory(root, { writable: true });
  });

  afterEach(() => {
    files.dispose();
    fs.rmSync(top, { recursive: true });
  });

  it('reads and writes files', () => {
    const handle = files.open(['dir', 'file'], { ...READ, write: true }) as number;
    const bytes = new Uint8Array(20);
    expect(files.read(handle, 3, bytes)).toBe(5);
    expect(files.write(handle, 0, Buffer.from('CON'))).toBe(3);
    expect(files.truncate(handle, 5)).toBe(0);
    expect(files.fsync(handle)).toBe(0);
    files.close(handle);
    expect(files.read(handle, 0, bytes)).toBe('EBADF');
    expect(fs.readFileSync(join(root, 'dir', 'file'), 'utf8')).toBe('CONte');
    expect(files.stat(['dir', 'file'])).toMatchObject({ size: 5 });
  });

  it('makes, lists, links, renames and removes', () => {
    expect(files.mkdir(['new'], 0o755)).toBe(0);
    expect(files.symlink('/etc', ['new', 'link'])).toBe(0);
    expect(files.readlink(['new', 'link'])).toEqual({ target: '/etc' });
    expect(files.link(['dir', 'file'], ['new', 'hard'])).toBe(0);
    expect(files.rename(['new', 'hard'], ['dir', 'moved'])).toBe(0);
    expect(files.chmod(['dir', 'moved'], 0o600)).toBe(0);
    expect(files.utimes(['dir', 'moved'], { sec: 1, nsec: 0 }, { sec: 2, nsec: 500_000_000 })).toBe(0);
    expect(files.stat(['dir', 'moved'])).toMatchObject({ nlink: 2, mtime: { sec: 2, nsec: 500_000_000 } });
    const listed = files.readdir(['dir']);
    expect(typeof listed === 'string' ? listed : listed.map(({ name, type }) => [name, type])).toEqual([
      ['file', 8],
      ['moved', 8],
    ]);
    expect(files.unlink(['new', 'link'])).toBe(0);
    expect(files.rmdir(['new'])).toBe(0);
    expect(files.rmdir(['dir'])).toBe('ENOTEMPTY');
    expect(files.stat(['new'])).toBe('ENOENT');
    expect(files.stat(['dir', 'file', 'x'])).toBe('ENOTDIR');
  });

  it('takes names that are no text', () => {
    const name = 'caf\xe9\x01\xff';
    const handle = files.open([name], CREATE) as number;
    files.close(handle);
    expect(fs.readdirSync(root, { encoding: 'buffer' }).map((entry) => entry.toString('latin1'))).toContain(name);
    expect(files.stat([name])).toMatchObject({ size: 0 });
    expect((files.readdir([]) as { name: string }[]).map((entry) => entry.name)).toContain(name);
  });

  it('refuses components that are none', () => {
    for (const name of ['..', '.', '', 'a/b', '/etc', 'dir/../../secret', 'x\0y', 'n'.repeat(256)]) {
      expect(files.stat([name]), name).toBe('EINVAL');
      expect(files.stat(['dir', name, 'x']), name).toBe('EINVAL');
      expect(files.open([name], CREATE), name).toBe('EINVAL');
      expect(files.rename(['dir', 'file'], [name]), name).toBe('EINVAL');
      expect(files.link(['dir', 'file'], ['dir', name]), name).toBe('EINVAL');
    }
    expect(fs.readdirSync(top).sort()).toEqual(['secret', 'shared']);
  });

  it('never follows links', () => {
    for (const [name, target] of [
      ['etc', '/etc'],
      ['up', '..'],
      ['secret', '../secret'],
      ['proc', '/proc/self/root'],
    ] as const)
      fs.symlinkSync(target, join(root, name));
    expect(files.stat(['etc', 'passwd'])).toMatch(/ENOTDIR|ELOOP/);
    expect(files.stat(['up', 'secret'])).toMatch(/ENOTDIR|ELOOP/);
    expect(files.stat(['proc', 'etc'])).toMatch(/ENOTDIR|ELOOP/);
    expect(files.readdir(['etc'])).toMatch(/ENOTDIR|ELOOP/);
    expect(files.readdir(['up'])).toMatch(/ENOTDIR|ELOOP/);
    expect(files.open(['secret'], READ)).toBe('ELOOP');
    expect(files.open(['secret'], CREATE)).toBe('ELOOP');
    expect(files.open(['secret'], { ...CREATE, truncate: true })).toBe('ELOOP');
    expect(files.chmod(['secret'], 0o777)).toBe('EOPNOTSUPP');
    expect(files.utimes(['secret'], { sec: 1, nsec: 0 }, { sec: 1, nsec: 0 })).toBe(0);
    expect(files.mkdir(['up', 'made'], 0o755)).toMatch(/ENOTDIR|ELOOP/);
    expect(files.rename(['dir', 'file'], ['up', 'file'])).toMatch(/ENOTDIR|ELOOP/);
    expect(files.link(['secret'], ['dir', 'hard'])).toBe('EPERM');
    expect(fs.statSync(join(top, 'secret')).mtimeMs).toBeGreaterThan(10_000);
    expect(fs.statSync(join(top, 'secret')).mode & 0o777).not.toBe(0o777);
    expect(fs.readdirSync(top).sort()).toEqual(['secret', 'shared']);
  });

  it.skipIf(process.platform === 'win32')('opens no devices, FIFOs and sockets', async () => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    const server = net.createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    expect(files.open(['fifo'], READ)).toBe('EACCES');
    expect(files.open(['fifo'], CREATE)).toBe('EACCES');
    expect(files.open(['socket'], READ)).toBe('ENXIO');
    expect(files.open(['dir'], READ)).toBe('EISDIR');
    server.close();
  });

  it('changes nothing when it is read-only', () => {
    const reader = openDirectory(root, { writable: false });
    expect(reader.open(['dir', 'file'], { ...READ, write: true })).toBe('EROFS');
    expect(reader.open(['x'], CREATE)).toBe('EROFS');
    expect(reader.open(['dir', 'file'], { ...READ, truncate: true })).toBe('EROFS');
    for (const result of [
      reader.mkdir(['x'], 0o755),
      reader.rmdir(['dir']),
      reader.unlink(['dir', 'file']),
      reader.rename(['dir'], ['x']),
      reader.link(['dir', 'file'], ['x']),
      reader.symlink('x', ['x']),
      reader.chmod(['dir'], 0o700),
      reader.utimes(['dir'], { sec: 0, nsec: 0 }, { sec: 0, nsec: 0 }),
    ])
      expect(result).toBe('EROFS');
    expect(reader.stat(['dir', 'file'])).toMatchObject({ size: 8 });
    reader.dispose();
  });

  it.skipIf(process.platform !== 'linux')('stays inside while directories are exchanged for links', () => {
    fs.mkdirSync(join(top, 'outside'));
    fs.writeFileSync(join(top, 'outside', 'file'), 'SECRET');
    const script = [
      'const fs = require("fs"); process.chdir(process.argv[1]);',
      'fs.symlinkSync("../outside", "link");',
      'for (const end = Date.now() + 1500; Date.now() < end;) {',
      '  try { fs.renameSync("dir", "kept"); fs.renameSync("link", "dir"); fs.renameSync("dir", "link"); fs.renameSync("kept", "dir"); } catch {}',
      '}',
    ].join('\n');
    // The attacker works in another process, while this one reads as fast as it can.
    const attacker = spawn(process.execPath, ['-e', script, root], { stdio: 'ignore' });
    const bytes = new Uint8Array(6);
    const answers = new Set<string>();
    for (const end = Date.now() + 1500; Date.now() < end;) {
      const handle = files.open(['dir', 'file'], READ);
      if (typeof handle === 'string') {
        answers.add(handle);
        continue;
      }
      files.read(handle, 0, bytes);
      answers.add(Buffer.from(bytes).toString());
      files.close(handle);
      const listed = files.readdir(['dir']);
      const stat = files.stat(['dir', 'file']);
      if (typeof stat !== 'string') answers.add(`size ${stat.size}`);
      if (typeof listed === 'string') answers.add(listed);
    }
    attacker.kill();
    answers.delete('ENOENT');
    answers.delete('ENOTDIR');
    answers.delete('ELOOP');
    expect([...answers].sort()).toEqual(['conten', 'size 8']);
  });
});
