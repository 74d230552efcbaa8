/** Records when a limit of the sandbox refused something, so that the host can tell why. Interface: noteLimit. */
import type { Kernel, Limits } from './kernel.ts';

export function noteLimit(kernel: Kernel, limit: keyof Limits | 'memory'): void {
  kernel.limitHits.set(limit, (kernel.limitHits.get(limit) ?? 0) + 1);
}
