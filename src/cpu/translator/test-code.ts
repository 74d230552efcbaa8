/** Code for tests of the translator. Interface: codeOf. */
import type { CodeSource } from './code-source.ts';

/** Words from offset 0 on; those at `unknown` were never executed. */
export function codeOf(words: ArrayLike<number>, unknown: readonly number[] = []): CodeSource {
  const isThere = (at: number): boolean => at >= 0 && at < words.length * 4;
  return {
    fpEnabled: true,
    halfword: (at) => (isThere(at) ? (words[at >> 2]! >>> ((at & 2) * 8)) & 0xffff : undefined),
    isKnown: (at) => isThere(at) && !unknown.includes(at),
  };
}
