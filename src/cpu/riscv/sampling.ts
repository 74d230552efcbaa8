/**
 * When the translator is shown where the hart is, so that it learns what is hot: at counts of retired instructions, as long as much is
 * interpreted; and at a slice's end where the slice began, if the interpreter went on from there for long though most code is translated:
 * translated code is left in the middle at the end of a slice, and the interpreter stays in a loop until it comes by where some begins.
 *
 * Interface: Sampling.
 */
import { HART } from '../layout.ts';
import type { CodeTranslator } from '../translator.ts';

/** The first sample of pc is taken after so many instructions; later ones come further apart while most code is translated. */
const SAMPLE_INSTRUCTIONS = 50_000;
const MAX_SAMPLE_INSTRUCTIONS = 1_000_000;
/** Share of instructions. */
const MOSTLY = 0.75;
/** So many interpreted instructions in a slice, as its end alone does not explain. */
const STRANDED_INSTRUCTIONS = 3000;

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
    if (translated > interpreted && interpreted > STRANDED_INSTRUCTIONS) this.#translator.sample(lo, hi);
  }

  /** To be called when a sample is due. */
  take(retired: number): void {
    const translated = this.#translator.retired;
    const isMostlyTranslated = translated - this.#translatedAtSample > this.#interval * MOSTLY;
    this.#translatedAtSample = translated;
    this.#interval = isMostlyTranslated ? Math.min(this.#interval * 2, MAX_SAMPLE_INSTRUCTIONS) : SAMPLE_INSTRUCTIONS;
    this.dueAt = retired + this.#interval;
    if (!isMostlyTranslated) this.#translator.sample(this.#words[PC]!, this.#words[PC + 1]!);
  }
}
