/**
 * Where the fuzzers begin. Interface: firstSeed.
 * RINGFENCE_FUZZ_SEED is a number, or 'random' for a hunt; without it every run makes the same programs, so that a failure can be repeated.
 */
export function firstSeed(): number {
  const wanted = process.env['RINGFENCE_FUZZ_SEED'] ?? '1';
  return wanted === 'random' ? Math.floor(Math.random() * 1e6) + 1 : Number(wanted);
}
