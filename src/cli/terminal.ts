/**
 * Our terminal as the guest's. Interface: attachTerminal.
 * Every key goes to the guest's line discipline; the mode that we found is put back however we leave.
 */
import type { GuestProcess } from '../index.ts';

/** Connects keyboard and size; the result puts everything back. */
export function attachTerminal(guest: GuestProcess, interactive: boolean): () => void {
  const { stdin, stdout } = process;
  const isRaw = interactive && stdin.isTTY;
  const onData = (chunk: Buffer): void => void guest.stdin.write(chunk);
  const onResize = (): void => guest.resize(stdout.columns || 80, stdout.rows || 24);
  const restore = (): void => {
    if (isRaw) stdin.setRawMode(false);
  };
  const onSignal = (): void => guest.kill('SIGHUP');
  if (isRaw) stdin.setRawMode(true);
  if (interactive) stdin.on('data', onData);
  stdout.on('resize', onResize);
  process.on('exit', restore);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  return () => {
    stdin.off('data', onData);
    stdout.off('resize', onResize);
    process.off('exit', restore);
    process.off('SIGTERM', onSignal);
    process.off('SIGHUP', onSignal);
    restore();
    stdin.pause();
    stdin.unref?.();
  };
}
