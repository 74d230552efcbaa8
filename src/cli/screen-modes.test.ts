import { expect, it } from 'vitest';
import { trackScreen } from './screen-modes.ts';

function undoOf(...chunks: string[]): string {
  const screen = trackScreen();
  for (const chunk of chunks) screen.see(Buffer.from(chunk));
  return screen.undo();
}

const PLAIN = '\x1b[0m\x1b(B\x1b>';

it('undoes what is still changed', () => {
  expect(undoOf('text', '\x1b[31mred\x1b[0m')).toBe('');
  expect(undoOf('\x1b[?1049h\x1b[?25l', 'x')).toBe(`\x1b[?1049l\x1b[?25h${PLAIN}`);
  expect(undoOf('\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l')).toBe('');
  expect(undoOf('\x1b[?1000;1006h')).toBe(`\x1b[?1000l\x1b[?1006l${PLAIN}`);
});

it('knows sequences that are cut', () => {
  for (const cut of [1, 2, 3, 5, 7]) {
    const sequence = '\x1b[?1049h';
    expect(undoOf(`a${sequence.slice(0, cut)}`, `${sequence.slice(cut)}b`)).toBe(`\x1b[?1049l${PLAIN}`);
  }
});
