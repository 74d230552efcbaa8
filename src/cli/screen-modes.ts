/**
 * What programs changed on our terminal's screen, so that it can be undone when they are stopped before they do it themselves.
 * Interface: trackScreen, ScreenModes. See xterm's control sequences, "DEC Private Mode Set".
 */
export interface ScreenModes {
  /** Looks at output on its way to the screen. */
  see(chunk: Uint8Array): void;
  /** What is to be written to undo it; empty if nothing was changed. */
  undo(): string;
}

/** Line wrap and the cursor are there from the start; all other modes are not. */
const ON_AT_START: ReadonlySet<string> = new Set(['7', '25']);
const MODES = /\x1b\[\?([\d;]+)([hl])/g;
const UNFINISHED = /\x1b(?:\[(?:\?[\d;]{0,32})?)?$/;
/** Plain characters, ASCII, ordinary keypad. */
const PLAIN = '\x1b[0m\x1b(B\x1b>';

export function trackScreen(): ScreenModes {
  const changed = new Set<string>();
  let rest = '';
  return {
    see(chunk) {
      if (rest === '' && !chunk.includes(0x1b)) return;
      const text = rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
      for (const [, modes, action] of text.matchAll(MODES)) {
        for (const mode of modes!.split(';')) {
          if (ON_AT_START.has(mode) === (action === 'h')) changed.delete(mode);
          else changed.add(mode);
        }
      }
      rest = UNFINISHED.exec(text)?.[0] ?? '';
    },
    undo() {
      if (changed.size === 0) return '';
      return [...changed].map((mode) => `\x1b[?${mode}${ON_AT_START.has(mode) ? 'h' : 'l'}`).join('') + PLAIN;
    },
  };
}
