/**
 * How two machines that should be equal differ.
 *
 * Interface: describeState.
 */
import { HART } from '../../src/cpu/layout.ts';
import { CSRS, csrWord, type CsrName } from '../../src/cpu/riscv/csr-table.ts';
import { F_NAMES, X_NAMES } from '../../src/isa/riscv/registers.ts';
import type { BareRun } from './bare.ts';

const MAX_LINES = 12;

/** A line for each part that differs; undefined when nothing does. */
export function describeState(there: BareRun, here: BareRun): string | undefined {
  if (Buffer.compare(there.state(), here.state()) === 0 && Buffer.compare(there.memory(), here.memory()) === 0)
    return undefined;
  const [theirs, ours] = [parts(there), parts(here)];
  const lines = Object.keys(theirs)
    .filter((name) => theirs[name] !== ours[name])
    .map((name) => `${name}: ${theirs[name]} there, ${ours[name]} here`);
  return [...lines.slice(0, MAX_LINES), ...memoryLines(there.memory(), here.memory())].join('\n');
}

function parts(run: BareRun): Record<string, string> {
  const { hart, hartPage } = run.machine;
  const page = new DataView(hartPage.buffer, hartPage.byteOffset);
  const hex = (at: number): string => page.getBigUint64(at, true).toString(16);
  const last = run.traps.at(-1);
  return {
    pc: hex(HART.pc),
    retired: String(hart.retired),
    mode: hart.mode,
    ended: String(run.ended),
    traps: String(run.traps.length),
    'last trap': last ? `${last.cause} at ${last.sepc.toString(16)} ${last.stval} after ${last.retired}` : 'none',
    ...Object.fromEntries(X_NAMES.map((name, i) => [name, hex(HART.x + 8 * i)])),
    ...Object.fromEntries(F_NAMES.map((name, i) => [name, hex(HART.f + 8 * i)])),
    fflags: hex(HART.fflags),
    reservation: hex(HART.reservation),
    ...Object.fromEntries(CSRS.map(({ name }) => [name, hex(4 * csrWord(name as CsrName))])),
  };
}

/** Physical places, as offsets into RAM; page tables are among them. */
function memoryLines(there: Uint8Array, here: Uint8Array): string[] {
  const at = there.findIndex((byte, i) => byte !== here[i]);
  if (at < 0) return [];
  const word = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(at & ~7, (at & ~7) + 8)).toString('hex');
  return [`RAM + 0x${(at & ~7).toString(16)}: ${word(there)} there, ${word(here)} here`];
}
