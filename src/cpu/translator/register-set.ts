/**
 * Sets of guest registers: a bit for each of x1..x31 and f0..f31. x0 is never a member.
 *
 * Interface: RegisterSet. Immutable.
 */
export class RegisterSet {
  static readonly EMPTY = new RegisterSet(0, 0);
  readonly x: number;
  readonly f: number;

  constructor(x: number, f: number) {
    this.x = x & ~1;
    this.f = f | 0;
  }

  has(file: 'x' | 'f', index: number): boolean {
    return ((this[file] >>> index) & 1) !== 0;
  }

  with(file: 'x' | 'f', index: number): RegisterSet {
    const bit = 1 << index;
    return file === 'x' ? new RegisterSet(this.x | bit, this.f) : new RegisterSet(this.x, this.f | bit);
  }

  union(other: RegisterSet): RegisterSet {
    if (this.contains(other)) return this;
    if (other.contains(this)) return other;
    return new RegisterSet(this.x | other.x, this.f | other.f);
  }

  intersection(other: RegisterSet): RegisterSet {
    if (other.contains(this)) return this;
    if (this.contains(other)) return other;
    return new RegisterSet(this.x & other.x, this.f & other.f);
  }

  minus(other: RegisterSet): RegisterSet {
    if ((this.x & other.x) === 0 && (this.f & other.f) === 0) return this;
    return new RegisterSet(this.x & ~other.x, this.f & ~other.f);
  }

  contains(other: RegisterSet): boolean {
    return (other.x & ~this.x) === 0 && (other.f & ~this.f) === 0;
  }

  equals(other: RegisterSet): boolean {
    return this.x === other.x && this.f === other.f;
  }

  get isEmpty(): boolean {
    return this.x === 0 && this.f === 0;
  }

  /** Calls `visit` for each member, x registers first. */
  forEach(visit: (file: 'x' | 'f', index: number) => void): void {
    for (let rest = this.x; rest !== 0; rest &= rest - 1) visit('x', lowest(rest));
    for (let rest = this.f; rest !== 0; rest &= rest - 1) visit('f', lowest(rest));
  }
}

function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
