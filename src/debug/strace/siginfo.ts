/**
 * Signals and their siginfo as strace shows them. Interface: siginfoText, siginfoFields.
 */
import type { FlagSetName } from '../../abi/flags.ts';
import { SIGNALS } from '../../abi/signals.ts';
import { encodeSigInfo } from '../../kernel/signal/siginfo.ts';
import type { SigInfo } from '../../kernel/signal/types.ts';
import { layoutOf, readStruct } from '../../abi/struct.ts';
import { STRUCTS } from '../../abi/structs.ts';
import { enumName, hasName, hex, pointer, signalOf } from './text.ts';

type Values = Readonly<Record<string, unknown>>;

/** Names of si_code that hold for one signal only. */
const CODES: Readonly<Record<number, FlagSetName>> = {
  [SIGNALS.SIGILL]: 'si-code-ill',
  [SIGNALS.SIGFPE]: 'si-code-fpe',
  [SIGNALS.SIGSEGV]: 'si-code-segv',
  [SIGNALS.SIGBUS]: 'si-code-bus',
  [SIGNALS.SIGTRAP]: 'si-code-trap',
  [SIGNALS.SIGCHLD]: 'si-code-chld',
  [SIGNALS.SIGIO]: 'si-code-poll',
  [SIGNALS.SIGSYS]: 'si-code-sys',
};
const SI_USER = 0;
const SI_KERNEL = 0x80;
const SI_TIMER = -2;
const SI_TKILL = -6;
const CLD_EXITED = 1;

/** `{si_signo=SIGCHLD, si_code=CLD_EXITED, …}` of a signal that is being delivered. */
export function siginfoText(info: SigInfo): string {
  const bytes = encodeSigInfo(info);
  const values = readStruct(new DataView(bytes.buffer), 0, layoutOf(STRUCTS.siginfo, 'riscv64'));
  return siginfoFields(values as unknown as Values);
}

/** The same of the decoded struct. */
export function siginfoFields(values: Values): string {
  const signo = Number(values['si_signo']);
  const code = Number(values['si_code']);
  const errno = Number(values['si_errno']);
  const fields = [`si_signo=${signalOf(signo)}`, `si_code=${codeName(signo, code)}`];
  if (errno !== 0) fields.push(`si_errno=${errno}`);
  const union = values['fields'] as Readonly<Record<string, Values>>;
  fields.push(...(code <= 0 ? sent(union, code) : raised(union, signo, code)));
  return `{${fields.join(', ')}}`;
}

function codeName(signo: number, code: number): string {
  const own = CODES[signo];
  if (own !== undefined && code > 0 && hasName(own, BigInt(code), 'riscv64'))
    return enumName(own, BigInt(code), 'riscv64');
  return hasName('si-code', BigInt(code), 'riscv64') ? enumName('si-code', BigInt(code), 'riscv64') : hex(code);
}

/** What a process or a timer sent. */
function sent(union: Readonly<Record<string, Values>>, code: number): string[] {
  if (code === SI_TIMER) {
    const timer = union['timer']!;
    return [`si_timerid=${hex(Number(timer['si_tid']))}`, `si_overrun=${String(timer['si_overrun'])}`, value(timer)];
  }
  const fields = sender(union['kill']!);
  if (code === SI_USER || code === SI_TKILL) return fields;
  const rt = union['rt']!;
  return pointerOf(rt) === 0n ? fields : [...fields, value(rt)];
}

/** What the kernel found. */
function raised(union: Readonly<Record<string, Values>>, signo: number, code: number): string[] {
  switch (signo) {
    case SIGNALS.SIGCHLD: {
      const child = union['sigchld']!;
      const status = Number(child['si_status']);
      const shown = code === CLD_EXITED ? String(status) : signalOf(status);
      return [
        ...sender(child),
        `si_status=${shown}`,
        `si_utime=${String(child['si_utime'])}`,
        `si_stime=${String(child['si_stime'])}`,
      ];
    }
    case SIGNALS.SIGILL:
    case SIGNALS.SIGFPE:
    case SIGNALS.SIGSEGV:
    case SIGNALS.SIGBUS:
      return [`si_addr=${pointer(BigInt(union['sigfault']!['si_addr'] as bigint))}`];
    case SIGNALS.SIGTRAP:
      return code === SI_KERNEL ? [] : [`si_addr=${pointer(BigInt(union['sigfault']!['si_addr'] as bigint))}`];
    case SIGNALS.SIGIO: {
      const poll = union['sigpoll']!;
      return [`si_band=${String(poll['si_band'])}`, `si_fd=${String(poll['si_fd'])}`];
    }
    default: {
      const kill = union['kill']!;
      return Number(kill['si_pid']) === 0 && Number(kill['si_uid']) === 0 ? [] : sender(kill);
    }
  }
}

function sender(values: Values): string[] {
  return [`si_pid=${String(values['si_pid'])}`, `si_uid=${String(values['si_uid'])}`];
}

function pointerOf(values: Values): bigint {
  return BigInt((values['si_sigval'] as Values)['sival_ptr'] as bigint);
}

function value(values: Values): string {
  const all = pointerOf(values);
  return `si_value={sival_int=${BigInt.asIntN(32, all)}, sival_ptr=${pointer(all)}}`;
}
