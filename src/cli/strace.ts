/**
 * `ringfence strace`. Interface: straceCommand, StraceOptions.
 * The trace goes to standard error or a file; everything else is as `ringfence run`.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { parseFilter } from '../debug/strace/filter.ts';
import type { StampStyle } from '../debug/strace/stamp.ts';
import { newSummary, type Summary } from '../debug/strace/summary.ts';
import { attachTracer } from '../debug/strace/tracer.ts';
import { boot } from '../index.ts';
import { EXIT, isReaderGone, unwritable } from './failure.ts';
import { claimProcess } from './own-process.ts';
import { bootOptions, openOrBuild, type RunOptions, startGuest, superviseGuest } from './run.ts';
import { writeBeside } from './terminal.ts';

export interface StraceOptions extends Omit<RunOptions, 'env'> {
  readonly follow?: boolean;
  readonly summaryOnly?: boolean;
  readonly withSummary?: boolean;
  readonly expression: readonly string[];
  readonly output?: string;
  readonly stringLimit: number;
  readonly time?: number;
  readonly relative?: boolean;
  readonly syscallTimes?: boolean;
  readonly quiet?: boolean;
  readonly env: readonly string[];
}

const STAMPS: readonly StampStyle[] = ['none', 'time', 'micro', 'epoch'];

export async function straceCommand(
  imageName: string,
  command: readonly string[],
  options: StraceOptions,
): Promise<number> {
  claimProcess();
  const filter = parseFilter(options.expression);
  const image = await openOrBuild(imageName);
  const out = openTrace(options.output);
  try {
    const system = await boot(bootOptions(image, options));
    // Nobody would see what else it does.
    out.onFailure(() => system.stop());
    const hasSummary = options.summaryOnly === true || options.withSummary === true;
    const summary: Summary | null = hasSummary ? newSummary() : null;
    const tracer = attachTracer(system.kernel, {
      ...filter,
      write: out.write,
      clock: () => ({
        monotonicNs: Math.round(performance.now() * 1e6),
        realtimeMs: performance.timeOrigin + performance.now(),
        offsetMinutes: -new Date().getTimezoneOffset(),
      }),
      follow: options.follow === true,
      maxString: options.stringLimit,
      stamp: options.relative === true ? 'relative' : STAMPS[Math.min(options.time ?? 0, STAMPS.length - 1)]!,
      times: options.syscallTimes === true,
      alwaysPid: options.follow === true && options.output !== undefined,
      sayAttached: options.output === undefined && options.quiet !== true,
      summary,
      lines: options.summaryOnly !== true,
    });
    const guest = startGuest(system, image, command, options);
    tracer.started(guest.pid);
    const status = await superviseGuest(system, guest, options);
    tracer.detach();
    if (summary !== null) out.write(summary.table());
    return status;
  } finally {
    out.close();
    image.close();
  }
}

interface Trace {
  readonly write: (text: string) => void;
  /** Has that called, once, when nothing can be written any more. */
  readonly onFailure: (call: () => void) => void;
  /** Throws when not all could be written. */
  readonly close: () => void;
}

const FLUSH_BYTES = 64 * 1024;

/** A file is written in large pieces; standard error as the lines come. */
function openTrace(path: string | undefined): Trace {
  return path === undefined ? traceBeside() : traceFile(path);
}

function traceBeside(): Trace {
  process.stderr.on('error', (error) => {
    if (isReaderGone(error, process.stderr)) process.exit(EXIT.noReader);
  });
  return { write: (text) => writeBeside(text, 'latin1'), onFailure: () => {}, close: () => {} };
}

function traceFile(path: string): Trace {
  let failure: RangeError | undefined;
  let onFailure = (): void => {};
  let pending = '';
  /** Keeps the error: the tracer is called from within the kernel. */
  const attempt = (work: () => void): void => {
    if (failure !== undefined) return;
    try {
      work();
    } catch (error) {
      failure = unwritable(`--output ${path}`, error);
      setImmediate(onFailure);
    }
  };
  const check = (): void => {
    if (failure !== undefined) throw failure;
  };

  let fd = -1;
  attempt(() => (fd = openSync(path, 'w')));
  check();
  const flush = (): void => {
    attempt(() => writeFileSync(fd, Buffer.from(pending, 'latin1')));
    pending = '';
  };
  return {
    write(text) {
      pending += text;
      if (pending.length >= FLUSH_BYTES) flush();
    },
    onFailure: (call) => (onFailure = call),
    close() {
      flush();
      closeSync(fd);
      check();
    },
  };
}
