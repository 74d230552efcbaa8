/** What is printed. Interface: printRatios, printPrograms, machine, median, geometricMean, duration. */
import { spawnSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

const NAME = 20;
const NUMBER = 13;

/** Rows of ratios to native time, with what they may be. */
export function printRatios(rows, { rounds, tierName }) {
  console.log(`ratios to native time, medians of ${rounds} rounds, ${tierName}; start-up: to a bare node -e 0`);
  console.log(columns(['work', 'native', 'qemu', 'blink', 'ringfence', 'must', 'aim']));
  for (const { name, native, qemu, blink, ringfence, must, aim } of rows) {
    const verdict =
      must === undefined
        ? ''
        : ringfence > must
          ? '  MISSED'
          : aim !== undefined && ringfence <= aim
            ? '  aim'
            : '  ok';
    console.log(
      columns([name, native, ratio(qemu), ratio(blink), ratio(ringfence), plain(must), plain(aim)]) + verdict,
    );
  }
}

/** Rows of times of whole programs under qemu and here: when they run for the first time, and when they ran before. */
export function printPrograms(rows, { rounds, tierName, goal }) {
  console.log(
    `\nwhole Debian programs, medians of ${rounds} rounds, ${tierName}; again: with the code cache that four runs left`,
  );
  console.log(columns(['program', 'qemu', 'first', 'again', 'faster', 'faster again']));
  for (const { name, qemuNs, firstNs, againNs, fasterFirst, fasterAgain } of rows) {
    const times = [qemuNs, firstNs, againNs].map(duration);
    console.log(columns([name, ...times, ratio(fasterFirst), ratio(fasterAgain)]));
  }
  const first = geometricMean(rows.map(({ fasterFirst }) => fasterFirst));
  const again = geometricMean(rows.map(({ fasterAgain }) => fasterAgain));
  const verdict = first >= goal ? '  ok' : again >= goal ? `  ok again, MISSED first (${goal})` : `  MISSED (${goal})`;
  console.log(columns(['geometric mean', '', '', '', ratio(first), ratio(again)]) + verdict);
}

/** The machine and the versions of all that is compared. */
export function machine() {
  const [cpu] = cpus();
  const version = (command) => spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout?.split('\n')[0];
  return [
    `${cpu.model.trim()}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    `Node ${process.version}, V8 ${process.versions.v8}`,
    version('qemu-riscv64'),
    version('riscv64-linux-gnu-gcc'),
  ].filter(Boolean);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Nanoseconds for people. */
export function duration(ns) {
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(2)} s`;
  return ns >= 1e6 ? `${(ns / 1e6).toFixed(0)} ms` : `${(ns / 1e3).toFixed(1)} µs`;
}

function columns([name, ...cells]) {
  return name.padEnd(NAME) + cells.map((cell) => cell.padStart(NUMBER)).join('');
}

function ratio(value) {
  return value === undefined ? '-' : value.toFixed(2);
}

function plain(value) {
  return value === undefined ? '' : String(value);
}
