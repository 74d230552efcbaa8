/**
 * Plays test/conformance/vfs/*.scenario: calls with the results that Linux gave when record.py ran them on tmpfs. What a line means is told
 * there. Those in on-overlay/ were recorded on overlayfs, where its answers differ.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AT, AT_FD, ACCESS, RENAME } from '../../abi/flags/at.ts';
import { FCNTL, LOCK_TYPE, SEALS } from '../../abi/flags/fcntl.ts';
import { FALLOCATE, FLOCK, SEEK, XATTR } from '../../abi/flags/file-io.ts';
import { MEMFD } from '../../abi/flags/memory.ts';
import { OPEN, OPEN_RESOLVE } from '../../abi/flags/open.ts';
import { RLIMIT } from '../../abi/flags/sched.ts';
import { STAT } from '../../abi/structs/file.ts';
import { layoutOf, decodeStruct } from '../../abi/struct.ts';
import * as modes from '../../abi/file-mode.ts';
import { ROOT_CRED } from '../task/cred.ts';
import { groupOf } from '../task/task.ts';
import { memoryTree, rootedKernel } from '../fs/testing.ts';
import type { Kernel } from '../kernel.ts';
import { fileKernel, newCaller, wrongReferences, type Caller } from './testing.ts';

const DIRECTORY = new URL('../../../test/conformance/vfs/', import.meta.url);

const CONSTANTS: Readonly<Record<string, unknown>> = {
  ...AT.values,
  ...AT_FD.values,
  ...ACCESS.values,
  ...RENAME.values,
  ...FCNTL.values,
  ...LOCK_TYPE.values,
  ...SEALS.values,
  ...FALLOCATE.values,
  ...FLOCK.values,
  ...SEEK.values,
  ...XATTR.values,
  ...MEMFD.values,
  ...OPEN.values,
  ...OPEN_RESOLVE.values,
  ...modes,
  AT_REMOVEDIR: 0x200,
  UTIME_NOW: 0x3fffffff,
  UTIME_OMIT: 0x3ffffffe,
};

describe('calls answer as Linux does', () => {
  for (const file of readdirSync(DIRECTORY).filter((name) => name.endsWith('.scenario'))) {
    it(file, () => {
      const lines = readFileSync(new URL(file, DIRECTORY), 'utf8').split('\n');
      const kernel = fileKernel();
      expect(play(kernel, lines)).toEqual(lines);
      expect(wrongReferences(kernel)).toEqual([]);
    });
    // An overlay as an upper layer is refused, as Linux refuses it.
    if (file === 'overlay.scenario') continue;
    it(`${file} on an overlay`, () => {
      const own = new URL(`on-overlay/${file}`, DIRECTORY);
      const lines = readFileSync(existsSync(own) ? own : new URL(file, DIRECTORY), 'utf8').split('\n');
      const kernel = rootedKernel({ trees: [memoryTree({})] });
      const atBoot = wrongReferences(kernel);
      expect(play(kernel, lines)).toEqual(lines);
      expect(wrongReferences(kernel)).toEqual(atBoot);
    });
  }
});

function play(kernel: Kernel, lines: readonly string[]): string[] {
  const caller = newCaller(kernel);
  caller.call('mkdirat', -100, 'scratch', 0o777);
  caller.call('fchmodat', -100, 'scratch', 0o777);
  caller.call('chdir', 'scratch');
  const variables = new Map<string, number>();
  return lines.map((line) => {
    const text = line.split(' => ')[0]!.trimEnd();
    if (text === '' || text.startsWith('#')) return text;
    const [, variable, name, rest] = /^(?:(\w+) = )?(\S+)\s*(.*)$/.exec(text)!;
    const args = rest!.split(/\s+/).filter((arg) => arg !== '');
    let shown = special(caller, name!, args, variables);
    if (shown === undefined) {
      const result = callWith(caller, name!, args, variables);
      shown = result.shown;
      if (variable !== undefined) {
        variables.set(variable, result.value);
        if (result.value >= 0) shown = 'ok';
      }
    }
    return `${text} => ${shown}`;
  });
}

function callWith(
  caller: Caller,
  name: string,
  args: string[],
  variables: Map<string, number>,
): { value: number; shown: string } {
  const outs: { kind: string; bytes: Uint8Array }[] = [];
  const values = args.map((token) => argument(token, variables, outs));
  const result = caller.call(name, ...values);
  if (typeof result !== 'number') return { value: -1, shown: typeof result === 'string' ? result : 'wait' };
  let shown = String(result);
  for (const { kind, bytes } of outs) {
    const view = new DataView(bytes.buffer);
    if (kind === 'buf') shown += ` ${escaped(bytes.subarray(0, result))}`;
    if (kind === 'off') shown += ` at ${view.getBigInt64(0, true)}`;
    if (kind === 'flock' && name === 'fcntl')
      shown += ` lock ${view.getInt16(0, true)} ${view.getBigInt64(8, true)} ${view.getBigInt64(16, true)}`;
    if (kind === 'fds') {
      variables.set('r', view.getInt32(0, true));
      variables.set('w', view.getInt32(4, true));
    }
  }
  return { value: result, shown };
}

function argument(
  token: string,
  variables: Map<string, number>,
  outs: { kind: string; bytes: Uint8Array }[],
): number | string | Uint8Array {
  if (token === 'null') return 0;
  if (token.startsWith('$')) return variables.get(token.slice(1))!;
  if (token.startsWith('"')) return expand(token.slice(1, -1));
  if (token.startsWith("'")) return expand(token.slice(1));
  const colon = token.indexOf(':');
  if (colon < 0) return valueOf(token);
  const kind = token.slice(0, colon);
  const parts = token
    .slice(colon + 1)
    .split(',')
    .map(valueOf);
  const sizes: Record<string, number> = { buf: Math.max(1, parts[0]!), off: 8, flock: 32, times: 32, how: 24, fds: 8 };
  const bytes = new Uint8Array(sizes[kind]!);
  const view = new DataView(bytes.buffer);
  if (kind === 'flock') {
    view.setInt16(0, parts[0]!, true);
    view.setBigInt64(8, BigInt(parts[1]!), true);
    view.setBigInt64(16, BigInt(parts[2]!), true);
  } else if (kind !== 'buf' && kind !== 'fds') {
    parts.forEach((part, index) => view.setBigInt64(index * 8, BigInt(part), true));
  }
  outs.push({ kind, bytes });
  return bytes;
}

function special(caller: Caller, name: string, args: string[], variables: Map<string, number>): string | undefined {
  const { kernel, task } = caller;
  if (name === 'stat' || name === 'lstat' || name === 'fstat' || name === 'times') {
    const bytes = new Uint8Array(128);
    const flags = name === 'lstat' ? 0x100 : 0;
    const target = argument(args[0]!, variables, []);
    const result =
      name === 'fstat' ? caller.call('fstat', target, bytes) : caller.call('newfstatat', -100, target, bytes, flags);
    return typeof result === 'string' ? result : describeStat(bytes, name === 'times');
  }
  if (name === 'ls') return listNames(caller, argument(args[0]!, variables, []) as string);
  if (name === 'limit') {
    const limit = groupOf(kernel, task).rlimits[RLIMIT.values[`RLIMIT_${args[0]}` as 'RLIMIT_NOFILE']]!;
    limit.soft = valueOf(args[1]!);
    return 'ok';
  }
  if (name === 'user') {
    const id = valueOf(args[0]!);
    const capEffective = id === 0 ? ROOT_CRED.capEffective : 0n;
    task.cred = { ...ROOT_CRED, euid: id, fsuid: id, egid: id, fsgid: id, capEffective };
    return 'ok';
  }
  return undefined;
}

function describeStat(bytes: Uint8Array, timed: boolean): string {
  const stat = decodeStruct(layoutOf(STAT, 'riscv64'), bytes);
  const text =
    `mode ${stat.st_mode.toString(8)} nlink ${stat.st_nlink} size ${stat.st_size} uid ${stat.st_uid} ` +
    `gid ${stat.st_gid} blocks ${stat.st_blocks}`;
  const ns = (sec: number, nsec: number) => BigInt(sec) * 1_000_000_000n + BigInt(nsec);
  if (!timed) return text;
  return `${text} atime ${ns(stat.st_atime, stat.st_atime_nsec)} mtime ${ns(stat.st_mtime, stat.st_mtime_nsec)}`;
}

function listNames({ call }: Caller, path: string): string {
  const fd = call('openat', -100, path, OPEN.values.O_RDONLY, 0) as number;
  const names: string[] = [];
  for (;;) {
    // Small, so that several calls are made; a longest name fits.
    const bytes = new Uint8Array(280);
    const count = call('getdents64', fd, bytes, bytes.length);
    if (typeof count !== 'number') return String(count);
    if (count === 0) break;
    for (let at = 0; at < count; at += bytes[at + 16]! | (bytes[at + 17]! << 8)) {
      const end = bytes.indexOf(0, at + 19);
      names.push(String.fromCharCode(...bytes.subarray(at + 19, end)));
    }
  }
  call('close', fd);
  const own = names.filter((entry) => entry !== '.' && entry !== '..').sort();
  return own.length === 0 ? '(empty)' : own.join(' ');
}

function valueOf(text: string): number {
  return text.split('|').reduce((all, part) => (all === 0 ? numberOf(part) : all | numberOf(part)), 0);
}

function numberOf(text: string): number {
  if (text.startsWith('-')) return -numberOf(text.slice(1));
  if (/^0[0-7]+$/.test(text)) return parseInt(text, 8);
  if (/^(\d+|0x[\da-f]+)$/.test(text)) return Number(text);
  const value = CONSTANTS[text];
  if (typeof value !== 'number') throw new Error(`unknown constant ${text}`);
  return value;
}

function expand(text: string): string {
  return text
    .replace(/\{(.+?)\*(\d+)\}/g, (_all, part: string, count: string) => part.repeat(Number(count)))
    .replaceAll('\\s', ' ');
}

function escaped(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => {
      if (byte === 32) return '\\s';
      if (byte > 32 && byte < 127 && byte !== 92) return String.fromCharCode(byte);
      return `\\${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
