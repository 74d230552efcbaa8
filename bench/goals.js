/**
 * What our time may be at most, as a ratio to native time. Interface: goalsOf.
 * `must` is what has to hold; `aim` is what to go for.
 */

/** With the translator. */
const TRANSLATED = {
  coremark: { must: 3.6, aim: 2.5 },
  sieve: { must: 2, aim: 1.5 },
  sha256: { must: 3.5, aim: 2.5 },
  fib: { must: 5, aim: 3.5 },
  matmul: { must: 12, aim: 6 },
  'matmul-plain': { must: 4, aim: 2 },
  mandelbrot: { must: 2, aim: 1.2 },
  'copy-bytes': { must: 4, aim: 2 },
  memcpy: { must: 2, aim: 1.5 },
  'pointer-chase': { must: 1.3, aim: 1.1 },
  getpid: { must: 0.6, aim: 0.25 },
  clock_gettime: { must: 4, aim: 2 },
  'write-null': { must: 1.5, aim: 0.8 },
  'mmap-touch-munmap': { must: 1.3, aim: 0.6 },
  signal: { must: 2, aim: 1 },
  'pipe-ping-pong': { must: 1.5, aim: 0.8 },
  sched_yield: { must: 1.1, aim: 0.6 },
  'fork-exit-wait': { must: 4, aim: 1 },
  'fork-exec-true': { must: 2.5, aim: 1 },
  'start-up': { must: 2, aim: 1.4 },
};

/** Where the engine has a fused multiply-add that WebAssembly may use. */
const FUSED = { matmul: { must: 4, aim: 2 } };

/** With the interpreter alone. */
const INTERPRETED = {
  coremark: { must: 20 },
  sieve: { must: 15 },
  getpid: { must: 1.6 },
  'pipe-ping-pong': { must: 4.5 },
  'fork-exit-wait': { must: 10 },
  'fork-exec-true': { must: 4.5 },
  'start-up': { must: 4 },
};

/** Times faster than qemu-riscv64 that whole programs are to be, by geometric mean. */
export const WHOLE_PROGRAMS_GOAL = 1.3;

export function goalsOf({ interpreter, fused }) {
  if (interpreter) return INTERPRETED;
  return fused ? { ...TRANSLATED, ...FUSED } : TRANSLATED;
}
