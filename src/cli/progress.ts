/**
 * Progress of long work on standard error: one line that is drawn over on a terminal, a line for each step elsewhere.
 * Interface: createProgress, Progress.
 */
export interface Progress {
  show(what: string, done: number, total: number): void;
  done(text: string): void;
  clear(): void;
}

const REDRAW_MS = 100;

export function createProgress(quiet: boolean, out: NodeJS.WriteStream = process.stderr): Progress {
  let last = '';
  let drawnAt = 0;
  const clear = (): void => {
    if (!quiet && out.isTTY && last !== '') out.write('\r\x1b[K');
    last = '';
  };
  return {
    show(what, done, total) {
      if (quiet) return;
      if (!out.isTTY) {
        if (what !== last) out.write(`${what}\n`);
        last = what;
        return;
      }
      const now = performance.now();
      if (what === last && now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      last = what;
      const share = total > 0 ? ` ${Math.floor((100 * done) / total)} %` : '';
      out.write(`\r\x1b[K${what}${share}`);
    },
    done(text) {
      clear();
      if (!quiet) out.write(`${text}\n`);
    },
    clear,
  };
}
