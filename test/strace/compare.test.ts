/**
 * What our strace prints against what the real one prints natively, for the same C program. Left out of the comparison is only what must
 * differ: addresses, process ids, times that are left, and the signal restorer that x86-64 alone has.
 */
import { describe, expect, it } from 'vitest';
import type { TranslatorStats } from '../../src/cpu/translator.ts';
import type { System } from '../../src/index.ts';
import { compileBoth, traceCommand, traceHere, traceNatively } from './trace.ts';

/** From the marker on, so that the start of the C library, which differs between architectures, is left out. */
function comparable(trace: string): string[] {
  return trace.slice(trace.indexOf('write(-1, "BEGIN"')).split('\n').map(normalise);
}

function normalise(line: string): string {
  return (
    line
      .replace(/SA_RESTORER\|?/g, '')
      .replace(/sa_flags=,/g, 'sa_flags=0,')
      .replace(/, sa_restorer=0x[0-9a-f]+/g, '')
      .replace(/((?:_handler|tidptr)=|futex\(|= )0x[0-9a-f]{5,}/g, '$1ADDRESS')
      .replace(/0x(?:7f[0-9a-f]{10}|f[0-9a-f]{7})\b/g, 'ADDRESS')
      .replace(/si_pid=\d+/g, 'si_pid=PID')
      .replace(/(si_[us]time)=\d+/g, '$1=TICKS')
      .replace(/^(getpid\(\) *=|clone\(.*\) *=|wait4\(.*\) *=) \d+$/, '$1 PID')
      .replace(/^(kill|wait4)\(\d{1,5},/, '$1(PID,')
      .replace(/^tgkill\(\d+, \d+,/, 'tgkill(PID, PID,')
      .replace(/^waitid\(P_PID, \d+,/, 'waitid(P_PID, PID,')
      // It is what was in the result's register, which a call that is made again has as its argument or its number.
      .replace(/^(rt_sigreturn\(.*\) *=) \d+$/, '$1 RESULT')
      .replace(/(left \{tv_sec=\d+), tv_nsec=\d+/, '$1, tv_nsec=LEFT')
      .replace(/(pselect6\(.*), tv_nsec=\d{8,9}\}, NULL/, '$1, tv_nsec=LEFT}, NULL')
      .replace(/(\{tv_sec=4), tv_nsec=\d+/, '$1, tv_nsec=LEFT')
      .replace(/ += /, ' = ')
  );
}

/** SIGCHLD comes before or after the call that waits for the child: either order is right. */
function withoutSigchld(lines: readonly string[]): string[] {
  return lines.filter((line) => !line.startsWith('--- SIGCHLD'));
}

/** The lines of each task, in the order in which the tasks appear; interrupted lines are joined. */
function byTask(trace: string): string[][] {
  const tasks = new Map<string, string[]>();
  const open = new Map<string, string>();
  for (const line of trace.slice(0, -1).split('\n')) {
    const [, pid = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const lines = tasks.get(pid) ?? [];
    tasks.set(pid, lines);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    // A call that did not return ends in the same words, but with its bracket.
    if (text.endsWith(' <unfinished ...>')) open.set(pid, text.slice(0, -' <unfinished ...>'.length));
    else lines.push(normalise(resumed ? `${open.get(pid) ?? ''}${resumed[1]!}` : text));
  }
  return [...tasks.values()].map((lines) => {
    const start = lines.findIndex((line) => line.includes('"BEGIN"'));
    // Robust lists are the C library's own affair.
    return lines.slice(Math.max(start, 0)).filter((line) => !/^(--- SIGCHLD|set_robust_list)/.test(line));
  });
}

describe('strace', () => {
  it.each(['files', 'processes', 'flags'])('prints the calls of %s.c as the real one does', async (name) => {
    const programs = compileBoth(name);
    const native = comparable(traceNatively(programs.native));
    const here = comparable(await traceHere(programs));
    expect(withoutSigchld(here)).toEqual(withoutSigchld(native));
    const signals = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith('---'));
    expect(signals(here).sort()).toEqual(signals(native).sort());
  });

  it('prints the same of a loop that was translated', async () => {
    const programs = compileBoth('hot');
    let counts: TranslatorStats | undefined;
    const atEnd = ({ kernel: { machine } }: System): void => {
      counts = machine.stats.translator;
      expect(counts!.retired / machine.hart.retired).toBeGreaterThan(0.9);
    };
    const here = comparable(await traceHere(programs, {}, { tier: 'translator', atEnd }));
    expect(here).toEqual(comparable(traceNatively(programs.native)));
    // The lines before the end.
    expect(counts!.sideExits.ecall).toBeGreaterThan(here.filter((line) => / = /.test(line)).length - 1);
  });

  it('follows children, call by call, as strace -f does', async () => {
    const programs = compileBoth('tasks');
    const native = byTask(traceNatively(programs.native, '-f'));
    const here = byTask(await traceHere(programs, { follow: true, alwaysPid: true }));
    expect(here).toEqual(native);
  });

  it('aligns results in column 40', async () => {
    const trace = await traceCommand(['true'], null);
    const short = trace.split('\n').filter((line) => /^[a-z_0-9]+\(.{0,20}\) +=/.test(line));
    expect(short.length).toBeGreaterThan(0);
    for (const line of short) expect(line.indexOf('= ')).toBe(40);
  });

  it('shows the execve of the program that the host started, and its end', async () => {
    const lines = (await traceCommand(['sh', '-c', 'exit 3'], null)).trimEnd().split('\n');
    expect(lines[0]).toMatch(
      /^execve\("\/usr\/bin\/sh", \["sh", "-c", "exit 3"\], 0x[0-9a-f]+ \/\* 2 vars \*\/\) = 0$/,
    );
    expect(lines.at(-2)).toMatch(/^exit_group\(3\) +=\s\?$/);
    expect(lines.at(-1)).toBe('+++ exited with 3 +++');
  });
});
