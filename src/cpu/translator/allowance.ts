/**
 * How much code may be made: as much as it is probably worth. Making a byte takes as long as interpreting some hundred instructions, and a
 * short program must not wait for what it will never use.
 *
 * What the code that exists is executed for tells what more of it will be: where a program spends its time in a few places each byte is
 * executed for thousands of instructions, where it is all over a large program for a hundred or two, and then the interpreter is as good.
 *
 * Interface: Allowance, Usage.
 */

/** What making a byte costs, in instructions of the interpreter: here, and where it is made on another thread. */
const PRICE = { here: 1000, beside: 500 } as const;
/** So much may be made at once. */
const FREE_INSTRUCTIONS = 20_000_000;
/** Code that is executed for as many instructions as this times its price is worth it in full. */
const GOOD_RETURN = 2;
/** So many instructions count in full: before that nothing is known of the use. */
const BEGINNING = 200_000_000;
/** Of those that follow this share counts in any case, so that what becomes hot late is made. */
const LEAST_SHARE = 1 / 8;

export interface Usage {
  /** Instructions retired so far, and of these in translated code. */
  readonly retired: number;
  readonly translated: number;
  /** Of all code that exists. */
  readonly codeBytes: number;
  /** Whether code is made on another thread. */
  readonly isBeside: boolean;
}

export class Allowance {
  /** Bytes of code ever made. */
  #spent = 0;

  spend(bytes: number): void {
    this.#spent += bytes;
  }

  /** Whether more may be made. */
  isLeft({ retired, translated, codeBytes, isBeside }: Usage): boolean {
    const price = isBeside ? PRICE.beside : PRICE.here;
    const use = translated / (GOOD_RETURN * price * Math.max(1, codeBytes));
    const share = Math.min(1, Math.max(LEAST_SHARE, use));
    const first = Math.min(retired, BEGINNING);
    return this.#spent * price <= FREE_INSTRUCTIONS + first + (retired - first) * share;
  }
}
