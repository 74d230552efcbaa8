/**
 * Compile-time proof that state is plain: no function, symbol, promise or class with methods hides in it.
 *
 * Interface: IsPlain<T>, Assert<T>. Used as `type Check = Assert<IsPlain<KernelState>>`.
 * Maps, sets, arrays, typed arrays, records and primitives are plain.
 */

type Primitive = string | number | bigint | boolean | null | undefined;

type TypedArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** True where T holds data only, checked to the given depth of nesting. */
export type IsPlain<T, Depth extends readonly 0[] = [0, 0, 0, 0, 0, 0, 0, 0]> = Depth extends readonly [
  0,
  ...infer Rest extends readonly 0[],
]
  ? [T] extends [Primitive]
    ? true
    : [T] extends [TypedArray]
      ? true
      : T extends Primitive | TypedArray
        ? true
        : T extends (...args: never[]) => unknown
          ? false
          : T extends ReadonlyMap<infer K, infer V>
            ? And<IsPlain<K, Rest>, IsPlain<V, Rest>>
            : T extends ReadonlySet<infer E>
              ? IsPlain<E, Rest>
              : T extends readonly (infer E)[]
                ? IsPlain<E, Rest>
                : T extends symbol | Promise<unknown>
                  ? false
                  : { [K in keyof T]-?: IsPlain<T[K], Rest> }[keyof T] extends true
                    ? true
                    : false
  : true;

type And<A, B> = [A, B] extends [true, true] ? true : false;

/** Fails to compile unless T is true. */
export type Assert<T extends true> = T;
