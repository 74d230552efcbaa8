/** Systems that keep forgetting what they only remember for speed. Interface: dropCachesEvery. */
import type { System } from '../../src/index.ts';

/** Drops all caches of the machine (translations, decoded and translated code) after each so many instructions in user mode. */
export function dropCachesEvery(system: System, instructions: number): void {
  if (instructions === Infinity) return;
  const { machine, observers } = system.kernel;
  observers.sampler = {
    dueAt: machine.hart.retired + instructions,
    take() {
      machine.dropCaches();
      this.dueAt = machine.hart.retired + instructions;
    },
  };
}
