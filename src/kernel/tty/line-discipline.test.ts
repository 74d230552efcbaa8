/**
 * Plays test/conformance/tty/*.scenario: steps on a pty with what Linux's line discipline did when record.py ran them. What a line
 * means is told there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as TERMIOS from '../../abi/flags/termios.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { POLL } from '../../abi/flags/poll.ts';
import { byteStringOf, bytesOf } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import { bytesIo } from '../vfs/io.ts';
import type { OpenFile } from '../vfs/types.ts';
import { applyTermios } from './apply-termios.ts';
import { takeBytes } from './byte-queue.ts';
import { acceptInput, flushInput } from './line-input.ts';
import { inputCount } from './line-read.ts';
import { createPty } from './pty.ts';
import { ttyOps } from './tty-file.ts';
import { changeFlow, flushQueues } from './tty-ioctl.ts';
import { createTty } from './tty.ts';
import type { Termios } from './types.ts';
import { newSyscallState } from '../task/syscall-state.ts';

const DIRECTORY = join(import.meta.dirname, '../../../test/conformance/tty');

describe('line discipline', () => {
  for (const file of readdirSync(DIRECTORY).filter((name) => name.endsWith('.scenario'))) {
    const text = readFileSync(join(DIRECTORY, file), 'utf8');
    // Each part after a `new` stands for itself.
    for (const part of text.split(/^new$/m).slice(1)) {
      const steps = part.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      it(`${file}: ${steps[0]} …`, () => {
        const terminal = new Terminal();
        expect(steps.map((line) => `${line.split(' => ')[0]} => ${terminal.step(line.split(' => ')[0]!)}`)).toEqual(
          steps,
        );
      });
    }
  }

  it('takes lines of 4095 bytes and drops what is longer', () => {
    const terminal = new Terminal();
    acceptInput(terminal.kernel, terminal.tty, new Uint8Array(5000).fill(97), 0, 5000);
    acceptInput(terminal.kernel, terminal.tty, bytesOf('\n'), 0, 1);
    expect(inputCount(terminal.tty)).toBe(4096);
    const line = new Uint8Array(8192);
    expect(ttyOps.read!(terminal.kernel, terminal.task, terminal.file, bytesIo(line), 0)).toBe(4096);
    expect(line[4094]).toBe(97);
    expect(line[4095]).toBe(10);
  });

  it('holds raw input back until there is room, and then goes on', () => {
    const terminal = new Terminal();
    terminal.step('set lflag -ICANON -ECHO');
    const typed = Uint8Array.from({ length: 10000 }, (_, i) => 32 + (i % 90));
    expect(acceptInput(terminal.kernel, terminal.tty, typed, 0, typed.length)).toBe(10000);
    const seen: number[] = [];
    for (let count = 1; count > 0;) {
      const chunk = new Uint8Array(700);
      const result = ttyOps.read!(terminal.kernel, terminal.task, terminal.file, bytesIo(chunk), 0);
      count = typeof result === 'number' ? result : 0;
      seen.push(...chunk.subarray(0, count));
    }
    expect(seen).toEqual([...typed]);
  });

  it('ends a write at a signal, so that the echo of ^C comes last', () => {
    const terminal = new Terminal();
    acceptInput(terminal.kernel, terminal.tty, Uint8Array.of(3), 0, 1);
    terminal.task.signalPending = true;
    expect(terminal.step('write "more"')).toBe('ERESTARTSYS');
    terminal.task.signalPending = false;
    expect(terminal.step('write "x"')).toBe('1 "^Cx"');
  });

  it('gives the console its output at once', () => {
    const terminal = new Terminal();
    const console = createTty(terminal.kernel, 'console', 0, 0);
    acceptInput(terminal.kernel, console, bytesOf('ab\n'), 0, 3);
    expect(terminal.sent).toBe('ab\r\n');
  });
});

const FLAGS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  iflag: TERMIOS.TERMIOS_IFLAG.values,
  oflag: TERMIOS.TERMIOS_OFLAG.values,
  lflag: TERMIOS.TERMIOS_LFLAG.values,
};

/** A pty with a kernel that knows nothing else. */
class Terminal {
  sent = '';
  readonly kernel: Kernel = {
    nextId: 1,
    ttys: new Map(),
    groups: new Map([[1, { tgid: 1, tty: 0, pgrp: 1 }]]),
    waitQueues: new Map(),
    epolls: new Map(),
    machine: {
      console: { write: (bytes: Uint8Array) => (this.sent += byteStringOf(bytes)) },
      timer: { nowNs: () => 0 },
    },
  } as unknown as Kernel;
  readonly task = { tid: 1, tgid: 1, signalPending: false, syscall: newSyscallState() } as unknown as Task;
  readonly tty = createPty(this.kernel, 0);
  readonly file = {
    flags: OPEN.values.O_RDWR | OPEN.values.O_NONBLOCK,
    data: { tty: this.tty.id, generation: 0 },
  } as unknown as OpenFile;

  step(line: string): string {
    const [verb, ...words] = line.split(' ') as [string, ...string[]];
    const rest = line.slice(verb.length + 1);
    const { kernel, task, tty, file } = this;
    switch (verb) {
      case 'set':
        this.#change(words);
        return this.#shown();
      case 'flushset':
        flushInput(kernel, tty);
        this.#change(words);
        return this.#shown();
      case 'type': {
        const bytes = parse(rest);
        acceptInput(kernel, tty, bytes, 0, bytes.length);
        return this.#shown();
      }
      case 'write': {
        const result = ttyOps.write!(kernel, task, file, bytesIo(parse(rest)), 0);
        return typeof result === 'number' ? `${result} ${this.#shown()}` : String(result);
      }
      case 'read': {
        const bytes = new Uint8Array(Number(rest));
        const result = ttyOps.read!(kernel, task, file, bytesIo(bytes), 0);
        return typeof result === 'number' ? show(bytes.subarray(0, result)) : String(result);
      }
      case 'count':
        return String(inputCount(tty));
      case 'poll': {
        const mask = ttyOps.poll!(kernel, file);
        const names = (['IN', 'OUT', 'HUP'] as const).filter((name) => (mask & POLL.values[`POLL${name}`]) !== 0);
        return names.join(' ') || 'none';
      }
      case 'flow': {
        const result = changeFlow(kernel, tty, Number(rest));
        return result === 0 ? this.#shown() : result;
      }
      case 'flush': {
        const result = flushQueues(kernel, tty, Number(rest));
        return result === 0 ? this.#shown() : result;
      }
      default:
        throw new Error(`unknown step: ${line}`);
    }
  }

  #shown(): string {
    return show(takeBytes(this.tty.output, this.tty.output.length));
  }

  #change([field, ...words]: string[]): void {
    const next: Termios = { ...this.tty.termios, cc: [...this.tty.termios.cc] };
    if (field === 'cc') {
      const cc: Readonly<Record<string, number>> = TERMIOS.TERMIOS_CC.values;
      next.cc[cc[words[0]!]!] = Number(words[1]);
    } else {
      for (const word of words) {
        const name = field as 'iflag' | 'oflag' | 'lflag';
        const bits = FLAGS[name]![word.slice(1)]!;
        next[name] = word.startsWith('+') ? next[name] | bits : next[name] & ~bits;
      }
    }
    applyTermios(this.kernel, this.tty, next);
  }
}

function parse(text: string): Uint8Array {
  return bytesOf(JSON.parse(text.replaceAll('\\x', '\\u00')) as string);
}

function show(bytes: Uint8Array): string {
  const escaped = JSON.stringify(byteStringOf(bytes)).replace(
    /[\u007f-\u00ff]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16)}`,
  );
  return escaped.replaceAll('\\u00', '\\x');
}
