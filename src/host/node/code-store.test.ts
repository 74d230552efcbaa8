import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CodeStore } from '../../machine/machine.ts';
import { openCodeStore } from './code-store.ts';

const PAGE = {
  host: { fusedMadd: true },
  contents: [Uint8Array.of(1, 2, 3, 4)],
  modules: [
    {
      wasm: Uint8Array.of(0, 0x61),
      optimised: 1,
      native: Uint8Array.of(9, 9, 9),
      regions: [
        {
          ...{ index: 0, generation: 2, rootOffset: 0xffe, fpDirty: true, jumps: [6], entries: [4] },
          pages: new Map([
            [0, 0],
            [-1, 0],
          ]),
          exits: new Set([-2]),
          code: Int32Array.of(0, 4, -2),
        },
      ],
    },
  ],
};

let directory: string;

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'ringfence-code-'));
});

afterEach(() => {
  fs.chmodSync(directory, 0o700);
  fs.rmSync(directory, { recursive: true });
});

const open = (layout = 'layout', build = 'build'): CodeStore => openCodeStore(directory, layout, { build })!;
const fileOf = (name: string): string => join(directory, fs.readdirSync(directory)[0]!, name);

it('gives what was saved, to those that ask later', () => {
  const store = open();
  expect(store.load('a1')).toBeUndefined();
  store.save('a1', PAGE);
  expect(open().load('a1')).toEqual(PAGE);
  expect(open().load('a2')).toBeUndefined();
});

it('tells builds and layouts apart', () => {
  open().save('a1', PAGE);
  expect(open('another').load('a1')).toBeUndefined();
  expect(open('layout', 'another').load('a1')).toBeUndefined();
});

it('gives nothing of a file that is damaged, cut off or empty', () => {
  open().save('a1', PAGE);
  const file = fileOf('a1');
  const whole = fs.readFileSync(file);
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 0x10;
    fs.writeFileSync(file, damaged);
    expect(open().load('a1'), `byte ${at}`).toBeUndefined();
  }
  for (const length of [0, 3, 4, whole.length - 1]) {
    fs.writeFileSync(file, whole.subarray(0, length));
    expect(open().load('a1'), `${length} bytes`).toBeUndefined();
  }
});

it('leaves no half file, and nothing that others can read', () => {
  open().save('a1', PAGE);
  const own = join(fileOf('a1'), '..');
  expect(fs.readdirSync(own)).toEqual(['a1']);
  expect(fs.statSync(fileOf('a1')).mode & 0o77).toBe(0);
  expect(fs.statSync(own).mode & 0o77).toBe(0);
});

it('does without where it cannot write', () => {
  const file = join(directory, 'file');
  fs.writeFileSync(file, '');
  const store = openCodeStore(file, 'layout', { build: 'build' })!;
  store.save('a1', PAGE);
  expect(store.load('a1')).toBeUndefined();
});

it('keeps the code of few builds, those that were used last', () => {
  for (let i = 0; i < 8; i++) {
    open('layout', `build${i}`).save('a1', PAGE);
    for (const name of fs.readdirSync(directory)) {
      const { mtimeMs } = fs.statSync(join(directory, name));
      // As if some time had passed.
      fs.utimesSync(join(directory, name), mtimeMs / 1000 - 10, mtimeMs / 1000 - 10);
    }
  }
  const left = fs.readdirSync(directory).map((name) => name.slice(0, 6));
  expect(left.sort()).toEqual(['build4', 'build5', 'build6', 'build7']);
});

it('has a bound, at which what was not used for the longest time goes', () => {
  for (const [age, name] of ['a1', 'a2', 'a3', 'a4'].entries()) {
    open().save(name, PAGE);
    const used = Date.now() / 1000 - 1000 + age;
    fs.utimesSync(fileOf(name), used, used);
  }
  const { size } = fs.statSync(fileOf('a1'));
  openCodeStore(directory, 'layout', { build: 'build', maxBytes: 2 * size })!.save('a5', PAGE);
  expect(fs.readdirSync(join(fileOf('a5'), '..')).sort()).toEqual(['a3', 'a4', 'a5']);
});

it('removes what a killed process left half written, but not what another one is writing', () => {
  open().save('a1', PAGE);
  const [old, young] = [`${fileOf('a2')}.17.part`, `${fileOf('a2')}.18.part`];
  for (const file of [old, young]) fs.writeFileSync(file, 'half');
  const yesterday = Date.now() / 1000 - 86_400;
  fs.utimesSync(old, yesterday, yesterday);
  open().save('a3', PAGE);
  expect([old, young].map((file) => fs.existsSync(file))).toEqual([false, true]);
  expect(open().load('a1')).toEqual(PAGE);
});
