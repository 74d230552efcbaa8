/**
 * From a reducible control-flow graph to WebAssembly's nested blocks, after Norman Ramsey, "Beyond Relooper" (ICFP 2022): every block
 * is emitted inside its dominator; a loop header opens a `loop`, and a block with several ways to it stands behind the end of a
 * `block` that those ways leave.
 *
 * Interface: StructuredCode.
 */
import type { CodeEmitter, Label } from '../../wasm/code.ts';
import type { FlowGraph } from './flow-graph.ts';

export class StructuredCode {
  private readonly code: CodeEmitter;
  private readonly graph: FlowGraph;
  private readonly emitBlock: (block: number) => void;
  /** Blocks that a block dominates immediately and that several forward ways lead to, by falling place. */
  private readonly merges: number[][];
  private readonly isMerge: Uint8Array;
  private readonly behind = new Map<number, Label>();
  private readonly loops = new Map<number, Label>();

  /** `emitBlock` emits a block's instructions and leaves through `goTo`, a branch out, or a return. */
  constructor(code: CodeEmitter, graph: FlowGraph, emitBlock: (block: number) => void) {
    this.code = code;
    this.graph = graph;
    this.emitBlock = emitBlock;
    const { blocks, order, place, predecessors, dominator } = graph;
    this.merges = blocks.map(() => []);
    this.isMerge = new Uint8Array(blocks.length);
    for (const block of order.toReversed()) {
      const forward = predecessors[block]!.filter((from) => place[from]! < place[block]!);
      if (forward.length < 2) continue;
      this.isMerge[block] = 1;
      this.merges[dominator[block]!]!.push(block);
    }
  }

  emit(): void {
    this.emitTree(0);
  }

  /** Emits the way from a block to a successor; control does not come back. */
  goTo(from: number, to: number): void {
    const { place } = this.graph;
    if (place[from]! >= place[to]!) this.code.br(this.loops.get(to)!);
    else if (this.isMerge[to]) this.code.br(this.behind.get(to)!);
    else this.emitTree(to);
  }

  private emitTree(block: number): void {
    if (!this.graph.isLoopHeader[block]) return this.emitWithin(block, 0);
    this.code.loop((label) => {
      this.loops.set(block, label);
      this.emitWithin(block, 0);
    });
    this.code.op('unreachable');
  }

  /** Emits a block inside the `block`s for what it dominates from the `nth` merge on; the last place lies outermost. */
  private emitWithin(block: number, nth: number): void {
    const merge = this.merges[block]![nth];
    if (merge === undefined) return this.emitBlock(block);
    this.code.block((label) => {
      this.behind.set(merge, label);
      this.emitWithin(block, nth + 1);
    });
    this.emitTree(merge);
  }
}
