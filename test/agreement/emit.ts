/**
 * The tree of a program to code.
 *
 * Interface: emitProgram.
 * A frame holds, from sp upward: four slots that steps may use (written on entry), ra, the counters.
 */
import type { Assembler, Label } from './assembler.ts';
import { instruction, whole, type Instruction } from './encode.ts';
import { REG } from './places.ts';
import type { Call, Loop, Maze, Node, Patch, Program, ProgramFunction, Switch, Test } from './program.ts';

export const FRAME_SLOTS = 4;

interface LoopLabels {
  readonly next: Label;
  readonly end: Label;
}

/** Appends the program to the assembler; gives the label of its start. Nodes whose id is in `without` are left out. */
export function emitProgram(assembler: Assembler, program: Program, without: ReadonlySet<number> = new Set()): Label {
  return new Emitter(assembler, program, without).run();
}

class Emitter {
  readonly #asm: Assembler;
  readonly #program: Program;
  readonly #without: ReadonlySet<number>;
  readonly #functions = new Map<number, Label>();
  readonly #wanted: number[] = [];
  readonly #loops: LoopLabels[] = [];
  /** Data that goes behind the function. */
  #data: (() => void)[] = [];
  #return: Label = { label: -1 };

  constructor(assembler: Assembler, program: Program, without: ReadonlySet<number>) {
    this.#asm = assembler;
    this.#program = program;
    this.#without = without;
  }

  run(): Label {
    const start = this.#labelOf(0);
    for (let index = this.#wanted.shift(); index !== undefined; index = this.#wanted.shift())
      this.#function(this.#program.functions[index]!, this.#functions.get(index)!);
    return start;
  }

  #labelOf(index: number): Label {
    let label = this.#functions.get(index);
    if (!label) {
      this.#functions.set(index, (label = this.#asm.newLabel()));
      this.#wanted.push(index);
    }
    return label;
  }

  #function({ body, counters, tail }: ProgramFunction, label: Label): void {
    const asm = this.#asm;
    const saved = [REG.ra, ...counters];
    const bytes = 16 * Math.ceil((FRAME_SLOTS + saved.length) / 2);
    const slot = (index: number) => ({ rs1: REG.sp, imm: 8 * (FRAME_SLOTS + index) });
    this.#return = asm.newLabel();
    asm.place(label);
    asm.emit(instruction('addi', { rd: REG.sp, rs1: REG.sp, imm: -bytes }));
    for (let i = 0; i < FRAME_SLOTS; i++) asm.emit(instruction('sd', { rs2: REG.free[i]!, rs1: REG.sp, imm: 8 * i }));
    saved.forEach((reg, i) => asm.emit(instruction('sd', { rs2: reg, ...slot(i) })));
    this.#nodes(body);
    asm.place(this.#return);
    saved.forEach((reg, i) => asm.emit(instruction('ld', { rd: reg, ...slot(i) })));
    asm.emit(instruction('addi', { rd: REG.sp, rs1: REG.sp, imm: bytes }));
    if (tail) this.#tail(tail);
    else asm.emit(instruction('jalr', { rd: 0, rs1: REG.ra, imm: 0 }));
    for (const data of this.#data) data();
    this.#data = [];
  }

  #tail({ callee, depth, via }: NonNullable<ProgramFunction['tail']>): void {
    if (depth > 0) this.#set(REG.depth, depth);
    if (via === undefined) return this.#asm.jump(this.#labelOf(callee));
    this.#asm.loadAddress(via, this.#labelOf(callee));
    this.#asm.emit(instruction('jalr', { rd: 0, rs1: via, imm: 0 }));
  }

  #nodes(nodes: readonly Node[]): void {
    for (const node of nodes) if (!this.#without.has(node.id)) this.#node(node);
  }

  #node(node: Node): void {
    const asm = this.#asm;
    switch (node.kind) {
      case 'step':
        return asm.emit(...node.insns);
      case 'if':
        return this.#if(node.test, node.then, node.otherwise);
      case 'loop':
        return this.#loop(node);
      case 'leave':
        return this.#branch(node.test, this.#leaving(node.to, node.levels));
      case 'switch':
        return this.#switch(node);
      case 'call':
        return this.#call(node);
      case 'recurse':
        return this.#recurse(node.self);
      case 'hop':
        return this.#hop(node.link, node.skipped);
      case 'maze':
        return this.#maze(node);
      case 'patch':
        return this.#patch(node);
      case 'reserve': {
        const again = asm.here();
        asm.emit(...node.insns);
        return asm.branch('bne', { rs1: node.failed, rs2: 0 }, again);
      }
      case 'relative': {
        const place = this.#later(() => asm.bytes(dword(node.data)));
        return asm.pair(node.via, node.insn, place);
      }
    }
  }

  #if(test: Test, then: readonly Node[], otherwise: readonly Node[]): void {
    const [other, end] = [this.#asm.newLabel(), this.#asm.newLabel()];
    this.#branch(test, other);
    this.#nodes(then);
    if (otherwise.length > 0) this.#asm.jump(end);
    this.#asm.place(other);
    this.#nodes(otherwise);
    this.#asm.place(end);
  }

  #loop({ setup, shape, counter, times, limit, body }: Loop): void {
    const asm = this.#asm;
    const [next, end, test] = [asm.newLabel(), asm.newLabel(), asm.newLabel()];
    const count = (by: number) => asm.emit(instruction('addi', { rd: counter, rs1: counter, imm: by }));
    this.#loops.push({ next, end });
    asm.emit(...setup);
    this.#set(counter, shape === 'up' ? 0 : times);
    if (shape === 'test-at-end') asm.jump(test);
    const start = asm.here();
    if (shape === 'while') {
      asm.branch('beq', { rs1: counter, rs2: 0 }, end);
      count(-1);
    }
    this.#nodes(body);
    asm.place(next);
    if (shape === 'down') {
      count(-1);
      asm.branch('bne', { rs1: counter, rs2: 0 }, start);
    } else if (shape === 'up') {
      count(1);
      this.#set(limit, times);
      asm.branch('bltu', { rs1: counter, rs2: limit }, start);
    } else if (shape === 'while') asm.jump(start);
    else {
      asm.place(test);
      count(-1);
      asm.branch('bge', { rs1: counter, rs2: 0 }, start);
    }
    asm.place(end);
    this.#loops.pop();
  }

  #leaving(to: 'break' | 'continue' | 'return', levels: number): Label {
    const loop = this.#loops.at(-Math.min(levels, this.#loops.length));
    if (to === 'return' || !loop) return this.#return;
    return to === 'break' ? loop.end : loop.next;
  }

  #switch({ form, index, temps: [offset, table], cases }: Switch): void {
    const asm = this.#asm;
    const [labels, within, end] = [cases.map(() => asm.newLabel()), asm.newLabel(), asm.newLabel()];
    const shift = form === 'pointers' ? 3 : 2;
    asm.emit(
      instruction('andi', { rd: offset, rs1: index, imm: cases.length - 1 }),
      instruction('addi', { rd: table, rs1: 0, imm: cases.length }),
    );
    // As compilers do, by which the translator knows the jump.
    asm.branch('bltu', { rs1: offset, rs2: table }, within);
    asm.jump(end);
    asm.place(within);
    asm.emit(instruction('slli', { rd: offset, rs1: offset, imm: shift }));
    const place = form === 'jumps' ? asm.newLabel() : this.#later((at) => this.#table(form, labels, at));
    asm.loadAddress(table, place);
    asm.emit(instruction('add', { rd: offset, rs1: offset, rs2: table }));
    if (form === 'pointers') asm.emit(instruction('ld', { rd: offset, rs1: offset, imm: 0 }));
    if (form === 'offsets')
      asm.emit(
        instruction('lw', { rd: offset, rs1: offset, imm: 0 }),
        instruction('add', { rd: offset, rs1: offset, rs2: table }),
      );
    asm.emit(instruction('jalr', { rd: 0, rs1: offset, imm: 0 }));
    if (form === 'jumps') {
      asm.place(place);
      for (const label of labels) asm.jump(label, false);
    }
    cases.forEach((body, i) => {
      asm.place(labels[i]!);
      this.#nodes(body);
      // The last falls through.
      if (i < cases.length - 1) asm.jump(end);
    });
    asm.place(end);
  }

  #table(form: 'pointers' | 'offsets', labels: readonly Label[], at: Label): void {
    for (const label of labels)
      if (form === 'pointers') this.#asm.pointer(label);
      else this.#asm.offset(label, at);
  }

  #call({ form, callees, index, temps: [offset, target], depth }: Call): void {
    const asm = this.#asm;
    const labels = callees.map((callee) => this.#labelOf(callee));
    if (depth > 0) this.#set(REG.depth, depth);
    if (form === 'near') return asm.branch('jal', { rd: REG.ra }, labels[0]!);
    if (form === 'far') return asm.pair(target, instruction('jalr', { rd: REG.ra, rs1: target }), labels[0]!);
    asm.emit(
      instruction('andi', { rd: offset, rs1: index, imm: labels.length - 1 }),
      instruction('slli', { rd: offset, rs1: offset, imm: 3 }),
    );
    asm.loadAddress(
      target,
      this.#later(() => labels.forEach((label) => asm.pointer(label))),
    );
    asm.emit(
      instruction('add', { rd: offset, rs1: offset, rs2: target }),
      instruction('ld', { rd: offset, rs1: offset, imm: 0 }),
      instruction('jalr', { rd: REG.ra, rs1: offset, imm: 0 }),
    );
  }

  #recurse(self: number): void {
    const asm = this.#asm;
    const enough = asm.newLabel();
    asm.emit(instruction('addi', { rd: REG.depth, rs1: REG.depth, imm: -1 }));
    asm.branch('bge', { rs1: 0, rs2: REG.depth }, enough);
    asm.branch('jal', { rd: REG.ra }, this.#labelOf(self));
    asm.place(enough);
  }

  #hop(link: number, skipped: Instruction): void {
    const asm = this.#asm;
    const [callee, end] = [asm.newLabel(), asm.newLabel()];
    asm.branch('jal', { rd: link }, callee, false);
    asm.emit({ ...skipped, compress: false });
    asm.jump(end);
    asm.place(callee);
    asm.emit(instruction('addi', { rd: link, rs1: link, imm: 4 }), instruction('jalr', { rd: 0, rs1: link, imm: 0 }));
    asm.place(end);
  }

  #maze({ counter, fuel, start, blocks }: Maze): void {
    const asm = this.#asm;
    const labels = blocks.map(() => asm.newLabel());
    const end = asm.newLabel();
    labels.push(end);
    this.#set(counter, fuel);
    if (start > 0) asm.jump(labels[start]!);
    blocks.forEach(({ body, test, taken, next }, index) => {
      asm.place(labels[index]!);
      this.#nodes(body);
      if (Math.min(taken, next) <= index) {
        asm.emit(instruction('addi', { rd: counter, rs1: counter, imm: -1 }));
        asm.branch('bge', { rs1: 0, rs2: counter }, end);
      }
      this.#branch(test, labels[taken]!);
      if (next !== index + 1) asm.jump(labels[next]!);
    });
    asm.place(end);
  }

  #patch({ chooser, temps: [word, place], choices }: Patch): void {
    const asm = this.#asm;
    const slot = asm.newLabel();
    const words = this.#later(() => choices.forEach((choice) => asm.emit({ ...choice, compress: false })));
    asm.emit(
      instruction('andi', { rd: word, rs1: chooser, imm: 1 }),
      instruction('slli', { rd: word, rs1: word, imm: 2 }),
    );
    asm.loadAddress(place, words);
    asm.emit(
      instruction('add', { rd: word, rs1: word, rs2: place }),
      instruction('lw', { rd: word, rs1: word, imm: 0 }),
    );
    asm.loadAddress(place, slot);
    asm.emit(instruction('sw', { rs2: word, rs1: place, imm: 0 }), whole('fence.i'));
    asm.place(slot);
    asm.emit({ ...choices[0], compress: false });
  }

  /** Data behind the function, aligned; gives its label. */
  #later(write: (at: Label) => void): Label {
    const label = this.#asm.newLabel();
    this.#data.push(() => {
      this.#asm.align(8);
      this.#asm.place(label);
      write(label);
    });
    return label;
  }

  #branch({ name, operands }: Test, to: Label): void {
    this.#asm.branch(name, operands, to);
  }

  /** A constant below 2^31. */
  #set(rd: number, value: number): void {
    const upper = (value + 0x800) & ~0xfff;
    if (upper === 0) return this.#asm.emit(instruction('addi', { rd, rs1: 0, imm: value }));
    this.#asm.emit(instruction('lui', { rd, imm: upper }));
    if (value !== upper) this.#asm.emit(instruction('addiw', { rd, rs1: rd, imm: value - upper }));
  }
}

function dword(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
