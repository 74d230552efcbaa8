/**
 * When the translator is shown where the hart is, so that it learns what is hot: at counts of retired instructions, the closer together the
 * more is interpreted; and at a slice's end where the slice began, if the interpreter went on from there for long though most code is translated:
 * translated code is left in the middle at the end of a slice, and the interpreter stays in a loop until it comes by where some begins.
 *
 * Interface: Sampling.
 */
import { HART } from '../layout.ts';
import type { CodeTranslator } from '../translator.ts';

/** Samples of pc are that many instructions apart where all is interpreted, and ever more as more is translated. */
const SAMPLE_INSTRUCTIONS = 50_000;
const MAX_SAMPLE_INSTRUCTIONS = 1_000_000;
/** They come further apart as soon as less than this share of the instructions is interpreted. */
const MUCH = 0.25;
/** Where less is interpreted than this share, a sample of translated code says nothing. */
const MOST = 0.5;
/** So many interpreted instructions in a slice of which the most by far are translated, as its end alone does not explain. */
const STRANDED_INSTRUCTIONS = 3000;
const BY_FAR = 8;

const PC = HART.pc / 4;

export class Sampling {
  /** Count of retired instructions at which the next sample is due. */
  dueAt = SAMPLE_INSTRUCTIONS;
  #interval = SAMPLE_INSTRUCTIONS;
  #translatedAtSample = 0;
  readonly #words: Int32Array;
  readonly #translator: CodeTranslator;
  readonly #slice = { lo: 0, hi: 0, retired: 0, translated: 0 };

  /** `words` are the hart state's. */
  constructor(words: Int32Array, translator: CodeTranslator) {
    this.#words = words;
    this.#translator = translator;
  }

  beginSlice(retired: number): void {
    const slice = this.#slice;
    slice.lo = this.#words[PC]!;
    slice.hi = this.#words[PC + 1]!;
    slice.retired = retired;
    slice.translated = this.#translator.retired;
  }

  /** After a slice that has ended because its budget was spent. */
  endSlice(retired: number): void {
    const { lo, hi, ...before } = this.#slice;
    const translated = this.#translator.retired - before.translated;
    const interpreted = retired - before.retired - translated;
    if (interpreted > STRANDED_INSTRUCTIONS && translated > interpreted * BY_FAR) this.#translator.sample(lo, hi, true);
  }

  /** To be called when a sample is due. */
  take(retired: number): void {
    const translated = this.#translator.retired;
    const interpreted = 1 - (translated - this.#translatedAtSample) / this.#interval;
    this.#translatedAtSample = translated;
    const sparseness = MUCH / Math.max(interpreted, MUCH * (SAMPLE_INSTRUCTIONS / MAX_SAMPLE_INSTRUCTIONS));
    this.#interval = Math.floor(SAMPLE_INSTRUCTIONS * Math.max(1, sparseness));
    this.dueAt = retired + this.#interval;
    this.#translator.sample(this.#words[PC]!, this.#words[PC + 1]!, interpreted > MOST);
  }
}
