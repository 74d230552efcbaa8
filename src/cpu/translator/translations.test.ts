import { expect, test } from 'vitest';
import type { CompiledModule } from '../wasm-port.ts';
import { rootKey, Translations, type Batch, type Translation } from './translations.ts';

const PAGE = 14;
const OTHER_PAGE = 22;

const MODULE: CompiledModule = { bytes: new Uint8Array(), instantiate: () => ({}) };

function batch(): Batch {
  return { module: MODULE, exports: {}, members: new Set(), home: undefined };
}

/** A region whose root is at the beginning of its page. */
function translation(pages: readonly (readonly [number, number])[], code: readonly number[], number = 1): Translation {
  return {
    ...{ rootOffset: 0, pages: new Map(pages), exits: new Set(), jumps: [], entries: [], code: Int32Array.from(code) },
    ...{ entrances: [{ at: 0, number }], batch: batch(), index: 0, generation: 0 },
  };
}

test('contain the instructions of what exists, on each of its pages', () => {
  const translations = new Translations();
  const region = translation(
    [
      [0, PAGE],
      [1, OTHER_PAGE],
    ],
    [0, 2, 4, 4096],
  );
  translations.add(region);
  const found = [0, 2, 4, 6].map((offset) => translations.contain(PAGE, offset));
  expect(found).toEqual([true, true, true, false]);
  expect([0, 2].map((offset) => translations.contain(OTHER_PAGE, offset))).toEqual([true, false]);
  translations.remove(region);
  expect(translations.contain(PAGE, 2) || translations.contain(OTHER_PAGE, 0)).toBe(false);
});

test('an instruction of two translations is there until both are gone', () => {
  const translations = new Translations();
  const [one, two] = [translation([[0, PAGE]], [0, 2], 1), translation([[0, PAGE]], [2, 4], 2)];
  translations.add(one);
  translations.add(two);
  translations.remove(one);
  expect([0, 2, 4].map((offset) => translations.contain(PAGE, offset))).toEqual([false, true, true]);
  translations.remove(two);
  expect(translations.contain(PAGE, 2)).toBe(false);
});

test('a region over a page that is mapped twice goes as it came', () => {
  const translations = new Translations();
  const region = translation(
    [
      [0, PAGE],
      [1, PAGE],
    ],
    [0, 4096 + 8],
  );
  translations.add(region);
  expect([0, 8].map((offset) => translations.contain(PAGE, offset))).toEqual([true, true]);
  translations.remove(region);
  expect(translations.onPage(PAGE)).toEqual([]);
  expect(translations.at(rootKey(PAGE, 0))).toBeUndefined();
  expect(translations.contain(PAGE, 8)).toBe(false);
});
