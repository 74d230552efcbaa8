/** A guest's streams as the library gives them. */
import { describe, expect, it } from 'vitest';
import { runGuest, withSystem } from '../support/guest.ts';

describe('standard input', () => {
  it('takes one write of any size', async () => {
    const input = new Uint8Array(16 * 2 ** 20).fill(0x61);
    const { stdout } = await withSystem({}, (system) => runGuest(system, ['wc', '-c'], { input }));
    expect(stdout).toBe(`${input.length}\n`);
  });
});

describe('standard output', () => {
  it('that nobody reads any more ends the program that writes it, as a broken pipe does', async () => {
    const { first, exit, errors } = await withSystem({}, async (system) => {
      const guest = system.spawn(['sh', '-c', 'yes; echo $? >&2; exit 4'], { env: { PATH: '/bin' } });
      let first = '';
      for await (const chunk of guest.stdout) {
        first = Buffer.from(chunk).toString();
        break;
      }
      return { first, errors: await guest.stderr.text(), exit: await guest.exited };
    });
    expect(first).toMatch(/^y\n/);
    expect(errors).toBe('141\n');
    expect(exit.exitCode).toBe(4);
  });

  it('that nobody reads any more hangs a terminal up', async () => {
    const exit = await withSystem({}, async (system) => {
      const guest = system.spawn(['yes'], { env: { PATH: '/bin' }, terminal: { columns: 80, rows: 24 } });
      for await (const _ of guest.stdout) break;
      return guest.exited;
    });
    expect(exit.signal).toBe('SIGHUP');
  });

  it('is given up by close() while a reader waits', async () => {
    const { output, exit } = await withSystem({}, async (system) => {
      const guest = system.spawn(['sh', '-c', 'read line; echo $line'], { env: { PATH: '/bin' } });
      const output = guest.stdout.text();
      guest.stdout.close();
      await guest.stdin.write('text\n');
      return { output: await output, exit: await guest.exited };
    });
    expect(output).toBe('');
    expect(exit.signal).toBe('SIGPIPE');
  });
});
