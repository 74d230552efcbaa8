/** Statistics as text for people. Interface: statisticsText. */
import type { Statistics, TranslatorNumbers } from './statistics.ts';

const NAME_COLUMN = 34;
const NUMBER_COLUMN = 16;
/** So many system calls are listed by name. */
const MOST_CALLS = 15;
const MIB = 2 ** 20;

export function statisticsText(statistics: Statistics): string {
  const { syscalls, memory, machine, pageFaults, instructions, timeNs, compilation } = statistics;
  const called = Object.entries(syscalls.byName);
  const rest = called.slice(MOST_CALLS).reduce((sum, [, count]) => sum + count, 0);
  return [
    line('time', seconds(timeNs)),
    line('  in programs', seconds(statistics.userNs)),
    line('  in the kernel', seconds(statistics.systemNs), 'split by a nominal cost of an instruction'),
    line(
      'instructions',
      count(instructions),
      timeNs > 0 ? `${(instructions / (timeNs / 1e3)).toFixed(0)} million/s` : '',
    ),
    ...translatorLines(statistics.translator, instructions),
    ...(compilation === null
      ? []
      : [
          line('compiled modules', count(compilation.modules)),
          line('  bytes', count(compilation.bytes)),
          line('  time', seconds(compilation.ns)),
        ]),
    line('context switches', count(statistics.contextSwitches)),
    line('processes started', count(statistics.processesCreated)),
    line('page faults', count(pageFaults.minor + pageFaults.major)),
    line('  major', count(pageFaults.major)),
    line('traps', count(total(statistics.traps))),
    ...Object.entries(statistics.traps).map(([name, number]) => line(`  ${name}`, count(number))),
    line('system calls', count(syscalls.total)),
    ...called.slice(0, MOST_CALLS).map(([name, number]) => line(`  ${name}`, count(number))),
    ...(rest > 0 ? [line(`  ${called.length - MOST_CALLS} others`, count(rest))] : []),
    ...Object.entries(statistics.missingSyscalls).map(([name, number]) => line(`  not there: ${name}`, count(number))),
    line('TLB fills', count(machine.tlbFills)),
    line('page walks', count(machine.pageWalks)),
    line('address space switches', count(machine.addressSpaceSwitches)),
    line('decoded pages', count(machine.decodedPages)),
    line('  dropped', count(machine.codeInvalidations)),
    line('memory', mebibytes(memory.ramBytes)),
    line('  ever used', mebibytes(memory.peakBytes)),
    line('  free at the end', mebibytes(memory.freeBytes)),
    line('  page cache', mebibytes(memory.pageCacheBytes)),
    line('  page tables', mebibytes(memory.pageTableBytes)),
    ...(memory.oomKills > 0 ? [line('  killed for want of it', count(memory.oomKills))] : []),
  ].join('');
}

function translatorLines(numbers: TranslatorNumbers | null, instructions: number): string[] {
  if (numbers === null) return [];
  const share = typeof numbers['retired'] === 'number' ? numbers['retired'] / Math.max(1, instructions) : 0;
  return [
    line('  translated', `${(100 * share).toFixed(1)} %`),
    ...Object.entries(numbers)
      .filter(([name]) => name !== 'retired')
      .flatMap(([name, value]) =>
        typeof value === 'number'
          ? [line(`    ${words(name)}`, number(name, value))]
          : [
              line(`    ${words(name)}`, count(total(value))),
              ...Object.entries(value).map(([cause, times]) => line(`      ${words(cause)}`, count(times))),
            ],
      ),
  ];
}

/** The unit stands at the end of the name. */
function number(name: string, value: number): string {
  return name.endsWith('Ns') ? seconds(value) : count(value);
}

/** 'codeBytes' -> 'code bytes'. */
function words(name: string): string {
  return name.replace(/Ns$/, ' time').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function line(name: string, value: string, remark = ''): string {
  return `${`${name.padEnd(NAME_COLUMN)}${value.padStart(NUMBER_COLUMN)}  ${remark}`.trimEnd()}\n`;
}

function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(3)} s`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, value) => sum + value, 0);
}
