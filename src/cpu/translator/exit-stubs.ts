/**
 * The places at which a region writes registers back when it is left in the middle. Few stubs serve many exits: a stub may write any
 * register that is valid at all of its exits, and must write those that are dirty at one of them.
 *
 * Interface: ExitStubs.
 */
import type { RegisterSet } from './register-set.ts';

interface Stub {
  writes: RegisterSet;
  valid: RegisterSet;
}

export class ExitStubs {
  private readonly stubs: Stub[] = [];

  /** The stub for an exit at a point with these sets. */
  choose(dirty: RegisterSet, valid: RegisterSet): number {
    let best = -1;
    for (let i = 0; i < this.stubs.length; i++) {
      const stub = this.stubs[i]!;
      const writes = stub.writes.union(dirty);
      const common = stub.valid.intersection(valid);
      if (!common.contains(writes)) continue;
      if (best < 0 || stub.writes.contains(dirty)) best = i;
    }
    if (best < 0) return this.stubs.push({ writes: dirty, valid }) - 1;
    const stub = this.stubs[best]!;
    stub.writes = stub.writes.union(dirty);
    stub.valid = stub.valid.intersection(valid);
    return best;
  }

  get count(): number {
    return this.stubs.length;
  }

  /** What a stub writes; final once all exits have chosen. */
  writes(stub: number): RegisterSet {
    return this.stubs[stub]!.writes;
  }
}
