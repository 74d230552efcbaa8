/**
 * The form of a flag set: the bits of a flags argument, or the values of an enumeration, by Linux's names.
 *
 * Interface: FlagSet, flagSet, valuesFor. Used as `const { O_CREAT, O_EXCL } = OPEN.values`.
 * `unsupported` is the kernel's own record: it names what the kernel refuses or ignores, for the coverage document.
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
  /** Names that the kernel does not implement. */
  readonly unsupported: readonly string[];
}

interface Options<Names extends string> {
  readonly kind?: 'bits' | 'enum';
  readonly mask?: number;
  readonly perArch?: Readonly<Partial<Record<Arch, Readonly<Record<string, number>>>>>;
  readonly unsupported?: readonly Names[];
}

/** Makes a flag set; `unsupported` may name only what is in `values`. */
export function flagSet<const Name extends string, const Values extends Readonly<Record<string, number>>>(
  name: Name,
  values: Values,
  options: Options<keyof Values & string> = {},
): FlagSet<Name, Values> {
  const { kind = 'bits', mask = 0, perArch = {}, unsupported = [] } = options;
  return { name, kind, values, mask, perArch, unsupported };
}

/** The names and values of a set as one architecture has them. */
export function valuesFor(set: FlagSet, arch: Arch): Readonly<Record<string, number>> {
  return { ...set.values, ...set.perArch[arch] };
}
