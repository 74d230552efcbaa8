/**
 * siginfo_t between its record and its 128 bytes. Interface: encodeSigInfo, writeSigInfo, decodeSigInfo, SIGINFO_BYTES. See sigaction(2).
 */
import { SI_CODE } from '../../abi/flags/signal.ts';
import { SIGNALS } from '../../abi/signals.ts';
import type { SigInfo } from './types.ts';

export const SIGINFO_BYTES = 128;

const { SI_TIMER, SI_SIGIO } = SI_CODE.values;

/** The bytes that user space sees. Which member of the union is meant follows from signal and code. */
export function encodeSigInfo(info: SigInfo): Uint8Array {
  const bytes = new Uint8Array(SIGINFO_BYTES);
  writeSigInfo(new DataView(bytes.buffer), info);
  return bytes;
}

/** Writes them to the start of `view`. */
export function writeSigInfo(view: DataView, info: SigInfo): void {
  for (let at = 0; at < SIGINFO_BYTES; at += 4) view.setInt32(at, 0, true);
  view.setInt32(0, info.signo, true);
  view.setInt32(4, info.errno, true);
  view.setInt32(8, info.code, true);
  if (info.address !== undefined) view.setBigUint64(16, BigInt.asUintN(64, BigInt(info.address)), true);
  else if (info.band !== undefined) {
    put64(view, 16, info.band);
    view.setInt32(24, info.fd ?? -1, true);
  } else if (info.timerId !== undefined) {
    view.setInt32(16, info.timerId, true);
    view.setInt32(20, info.overrun ?? 0, true);
    view.setBigUint64(24, BigInt.asUintN(64, info.value ?? 0n), true);
  } else {
    view.setInt32(16, info.pid ?? 0, true);
    view.setUint32(20, info.uid ?? 0, true);
    if (info.status !== undefined) {
      view.setInt32(24, info.status, true);
      put64(view, 32, info.userTimeTicks ?? 0);
      put64(view, 40, info.systemTimeTicks ?? 0);
    } else if (info.value !== undefined) view.setBigUint64(24, BigInt.asUintN(64, info.value), true);
  }
}

/** What rt_sigqueueinfo was given. */
export function decodeSigInfo(bytes: Uint8Array, signo: number): SigInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, SIGINFO_BYTES);
  const code = view.getInt32(8, true);
  const head = { signo, errno: view.getInt32(4, true), code };
  if (code === SI_TIMER)
    return {
      ...head,
      timerId: view.getInt32(16, true),
      overrun: view.getInt32(20, true),
      value: view.getBigUint64(24, true),
    };
  if (code === SI_SIGIO) return { ...head, band: Number(view.getBigInt64(16, true)), fd: view.getInt32(24, true) };
  const sender = { pid: view.getInt32(16, true), uid: view.getUint32(20, true) };
  if (signo === SIGNALS.SIGCHLD && code > 0) return { ...head, ...sender, status: view.getInt32(24, true) };
  return { ...head, ...sender, value: view.getBigUint64(24, true) };
}

function put64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 4294967296, true);
  view.setUint32(at + 4, Math.floor(value / 4294967296), true);
}
