/**
 * The body of one function, written as a stack program: every method appends an instruction and returns the emitter.
 *
 *   code.get(a).get(b).op('i64.add').set(sum);
 *   code.loop(() => code.get(n).eqz('i32')...);
 *
 * Structured control takes a closure for its body and passes it a Label; branches name the Label, and the relative
 * depth is worked out here. Nothing is validated beyond labels: a wrong stack shows up when the module is compiled.
 *
 * Interface: CodeEmitter, Local, Label, BlockType, FuncRef, GlobalRef.
 */
import { ByteWriter } from './bytes.ts';
import {
  ACCESS,
  LANE,
  PLAIN,
  VALTYPE_CODE,
  type AccessOp,
  type LaneOp,
  type PlainOp,
  type ValType,
} from './opcodes.ts';

/** A local variable or parameter of the function being written. */
export interface Local {
  readonly index: number;
  readonly type: ValType;
}

/** The target of a branch: a block's end, or a loop's start. Valid only inside that block. */
export interface Label {
  readonly depth: number;
}

/** A function of the module, imported or defined; usable in calls before its body exists. */
export interface FuncRef {
  readonly index: number;
  readonly name: string;
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

export interface GlobalRef {
  readonly index: number;
  readonly type: ValType;
}

/** Result of a block: nothing or one value. */
export type BlockType = ValType | 'void';

/** Room for a small function. */
const CODE_BYTES = 1024;

export class CodeEmitter {
  readonly params: readonly Local[];
  private readonly out = new ByteWriter(CODE_BYTES);
  private readonly localTypes: ValType[] = [];
  private depth = 0;
  /** Places of the branches that are hardly ever taken. */
  private readonly unlikelyPlaces: number[] = [];
  private readonly typeIndex: (params: readonly ValType[], results: readonly ValType[]) => number;

  constructor(
    params: readonly ValType[],
    typeIndex: (params: readonly ValType[], results: readonly ValType[]) => number,
  ) {
    this.params = params.map((type, index) => ({ index, type }));
    this.typeIndex = typeIndex;
  }

  /** Bytes emitted so far. */
  get size(): number {
    return this.out.length;
  }

  /** A new local, zero at entry. */
  local(type: ValType): Local {
    this.localTypes.push(type);
    return { index: this.params.length + this.localTypes.length - 1, type };
  }

  get(local: Local): this {
    return this.indexed(0x20, local.index);
  }

  set(local: Local): this {
    return this.indexed(0x21, local.index);
  }

  tee(local: Local): this {
    return this.indexed(0x22, local.index);
  }

  globalGet(global: GlobalRef): this {
    return this.indexed(0x23, global.index);
  }

  globalSet(global: GlobalRef): this {
    return this.indexed(0x24, global.index);
  }

  i32(value: number): this {
    this.out.byte(0x41);
    this.out.s32(value);
    return this;
  }

  /** A 64-bit constant; a number must be an exact integer. */
  i64(value: bigint | number): this {
    this.out.byte(0x42);
    if (typeof value === 'number' && (value | 0) === value) this.out.s32(value);
    else this.out.s64(BigInt(value));
    return this;
  }

  f32(value: number): this {
    this.out.byte(0x43);
    this.out.f32(value);
    return this;
  }

  f64(value: number): this {
    this.out.byte(0x44);
    this.out.f64(value);
    return this;
  }

  /** One to three instructions without immediates. */
  op(first: PlainOp, second?: PlainOp, third?: PlainOp): this {
    this.opcode(PLAIN[first]);
    if (second) this.opcode(PLAIN[second]);
    if (third) this.opcode(PLAIN[third]);
    return this;
  }

  /** An instruction on lane `index` of a vector. */
  lane(name: LaneOp, index: number): this {
    this.opcode(LANE[name]);
    this.out.byte(index);
    return this;
  }

  /** A load or store at (address on the stack) + offset. `align` is log2, by default natural; only a hint. */
  mem(name: AccessOp, offset = 0, align: number = ACCESS[name][1]): this {
    this.opcode(ACCESS[name][0]);
    this.out.u32(align);
    this.out.u32(offset);
    return this;
  }

  /** memory.copy: stack is destination, source, count. */
  memoryCopy(): this {
    for (const byte of [0xfc, 0x0a, 0, 0]) this.out.byte(byte);
    return this;
  }

  /** memory.fill: stack is destination, value, count. */
  memoryFill(): this {
    for (const byte of [0xfc, 0x0b, 0]) this.out.byte(byte);
    return this;
  }

  block(body: (label: Label) => void, type: BlockType = 'void'): this {
    return this.structured(0x02, type, body);
  }

  loop(body: (label: Label) => void, type: BlockType = 'void'): this {
    return this.structured(0x03, type, body);
  }

  /** Takes an i32 condition from the stack. */
  if(then: (label: Label) => void, otherwise?: (label: Label) => void, type: BlockType = 'void'): this {
    this.open(0x04, type);
    const label = { depth: this.depth };
    then(label);
    if (otherwise) {
      this.out.byte(0x05);
      otherwise(label);
    }
    return this.close();
  }

  br(label: Label): this {
    return this.indexed(0x0c, this.distance(label));
  }

  /** Says that the condition of the `if` or `brIf` that follows is hardly ever true, for engines that lay code out by that. */
  unlikely(): this {
    this.unlikelyPlaces.push(this.out.length);
    return this;
  }

  brIf(label: Label): this {
    return this.indexed(0x0d, this.distance(label));
  }

  brTable(labels: readonly Label[], otherwise: Label): this {
    this.out.byte(0x0e);
    this.out.u32(labels.length);
    for (const label of labels) this.out.u32(this.distance(label));
    this.out.u32(this.distance(otherwise));
    return this;
  }

  call(callee: FuncRef): this {
    return this.indexed(0x10, callee.index);
  }

  /** A tail call: the frame is gone before the callee starts. */
  returnCall(callee: FuncRef): this {
    return this.indexed(0x12, callee.index);
  }

  /** Stack: arguments, then the index into table `table`. */
  callIndirect(params: readonly ValType[], results: readonly ValType[], table = 0): this {
    this.indexed(0x11, this.typeIndex(params, results));
    this.out.u32(table);
    return this;
  }

  returnCallIndirect(params: readonly ValType[], results: readonly ValType[], table = 0): this {
    this.indexed(0x13, this.typeIndex(params, results));
    this.out.u32(table);
    return this;
  }

  /**
   * The finished code entry: locals in runs of one type, then the instructions and the closing `end`; and where in it the unlikely
   * branches are.
   */
  finish(): { readonly bytes: Uint8Array; readonly unlikely: readonly number[] } {
    if (this.depth !== 0) throw new Error('unclosed block');
    const runs: { type: ValType; count: number }[] = [];
    for (const type of this.localTypes) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const body = new ByteWriter(this.out.length + CODE_BYTES);
    body.u32(runs.length);
    for (const run of runs) {
      body.u32(run.count);
      body.byte(VALTYPE_CODE[run.type]);
    }
    const start = body.length;
    body.append(this.out);
    body.byte(0x0b);
    return { bytes: body.toBytes(), unlikely: this.unlikelyPlaces.map((at) => at + start) };
  }

  private opcode(opcode: number): void {
    const prefix = opcode >> 12;
    if (prefix === 0) this.out.byte(opcode);
    else {
      this.out.byte(prefix);
      this.out.u32(opcode & 0xfff);
    }
  }

  private indexed(opcode: number, index: number): this {
    this.out.byte(opcode);
    this.out.u32(index);
    return this;
  }

  private structured(opcode: number, type: BlockType, body: (label: Label) => void): this {
    this.open(opcode, type);
    body({ depth: this.depth });
    return this.close();
  }

  private open(opcode: number, type: BlockType): void {
    this.out.byte(opcode);
    this.out.byte(type === 'void' ? 0x40 : VALTYPE_CODE[type]);
    this.depth++;
  }

  private close(): this {
    this.out.byte(0x0b);
    this.depth--;
    return this;
  }

  private distance(label: Label): number {
    const distance = this.depth - label.depth;
    if (distance < 0) throw new Error('branch to a label outside its block');
    return distance;
  }
}
