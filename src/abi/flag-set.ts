/**
 * The form of a flag set: the bits of a flags argument, or the values of an enumeration, by Linux's names.
 *
 * Interface: FlagSet, flagSet, namesBut, valuesFor. Used as `const { O_CREAT, O_EXCL } = OPEN.values`.
 * `unsupported` and `noEffect` are the kernel's own record, for the coverage document; kernel/syscalls/coverage.test.ts holds the
 * handlers to it.
 */

import type { Arch } from './arch.ts';

export interface FlagSet<
  Name extends string = string,
  Values extends Readonly<Record<string, number>> = Readonly<Record<string, number>>,
> {
  readonly name: Name;
  /** `bits` may be combined; of an `enum` one is chosen (and bits outside `mask` may be added). */
  readonly kind: 'bits' | 'enum';
  /** Values that hold on every architecture, or on riscv64 where `perArch` differs. */
  readonly values: Values;
  /** Part of the word that holds one of several values (O_ACCMODE, MAP_TYPE, CSIGNAL, FUTEX_CMD_MASK); 0 if none. */
  readonly mask: number;
  /** Values that are different, or exist only, on that architecture. */
  readonly perArch: Readonly<Partial<Record<Arch, Readonly<Record<string, number>>>>>;
  /** Names that the kernel refuses, as Linux refuses what it does not know or was built without. */
  readonly unsupported: readonly string[];
  /** Names that it accepts and that change nothing: hints, and what concerns things that are not there. */
  readonly noEffect: readonly string[];
}

interface Options<Names extends string> {
  readonly kind?: 'bits' | 'enum';
  readonly mask?: number;
  readonly perArch?: Readonly<Partial<Record<Arch, Readonly<Record<string, number>>>>>;
  readonly unsupported?: readonly Names[];
  readonly noEffect?: readonly Names[];
}

/** Makes a flag set; `unsupported` and `noEffect` may name only what is in `values`. */
export function flagSet<const Name extends string, const Values extends Readonly<Record<string, number>>>(
  name: Name,
  values: Values,
  options: Options<keyof Values & string> = {},
): FlagSet<Name, Values> {
  const { kind = 'bits', mask = 0, perArch = {}, unsupported = [], noEffect = [] } = options;
  return { name, kind, values, mask, perArch, unsupported, noEffect };
}

/** The names of a set but these: what a call takes of it. */
export function namesBut<Set extends FlagSet>(set: Set, ...but: (keyof Set['values'])[]): readonly string[] {
  return Object.keys(set.values).filter((name) => !but.includes(name));
}

/** The names and values of a set as one architecture has them. */
export function valuesFor(set: FlagSet, arch: Arch): Readonly<Record<string, number>> {
  return { ...set.values, ...set.perArch[arch] };
}
