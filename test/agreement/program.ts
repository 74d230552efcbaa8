/**
 * A generated program as a tree. Every node can be left out and what remains is a program that ends: this is how the reducer works.
 *
 * Interface: Program, ProgramFunction, Node and its kinds, InitialState, nodesIn.
 */
import type { Instruction, OperandValues } from './encode.ts';

export interface Program {
  readonly seed: number;
  /** The first is where it starts. */
  readonly functions: readonly ProgramFunction[];
  readonly initial: InitialState;
  /** Data lies above 4 GiB. */
  readonly highData: boolean;
}

export interface InitialState {
  readonly x: readonly bigint[];
  readonly f: readonly bigint[];
  readonly fcsr: number;
  /** Contents of the windows, one after the other. */
  readonly windows: Uint8Array;
}

export interface ProgramFunction {
  readonly body: readonly Node[];
  /** Loop counters that it saves, as a compiled function saves the registers it uses. */
  readonly counters: readonly number[];
  /** The function that it jumps to at its end instead of returning. */
  readonly tail: { readonly callee: number; readonly depth: number; readonly via: number | undefined } | undefined;
}

export interface Test {
  readonly name: string;
  readonly operands: OperandValues;
}

/** Node ids are unique in a program and dense from 0. */
export type Node = { readonly id: number } & (
  Step | If | Loop | Leave | Switch | Call | Recurse | Hop | Maze | Patch | Reserve | Relative
);

/** Instructions that belong together, without control flow. */
export interface Step {
  readonly kind: 'step';
  readonly insns: readonly Instruction[];
}

export interface If {
  readonly kind: 'if';
  readonly test: Test;
  readonly then: readonly Node[];
  readonly otherwise: readonly Node[];
}

export interface Loop {
  readonly kind: 'loop';
  /** Done once before. */
  readonly setup: readonly Instruction[];
  readonly shape: 'down' | 'up' | 'while' | 'test-at-end';
  readonly counter: number;
  readonly times: number;
  /** Clobbered by shape 'up'. */
  readonly limit: number;
  readonly body: readonly Node[];
}

/** Leaves or continues a loop around it, or returns. */
export interface Leave {
  readonly kind: 'leave';
  readonly test: Test;
  readonly to: 'break' | 'continue' | 'return';
  /** How many loops out; as far as there are. */
  readonly levels: number;
}

/** A jump by a table. The number of cases is a power of two. */
export interface Switch {
  readonly kind: 'switch';
  readonly form: 'pointers' | 'offsets' | 'jumps';
  readonly index: number;
  readonly temps: readonly [number, number];
  readonly cases: readonly (readonly Node[])[];
}

export interface Call {
  readonly kind: 'call';
  readonly form: 'near' | 'far' | 'table';
  /** One, or four to choose from by `index`. */
  readonly callees: readonly number[];
  readonly index: number;
  readonly temps: readonly [number, number];
  /** Of recursion below; 0 where there is none, and what is left is kept. */
  readonly depth: number;
}

/** The function calls itself while REG.depth lasts. */
export interface Recurse {
  readonly kind: 'recurse';
  readonly self: number;
}

/** A call that comes back one instruction late. */
export interface Hop {
  readonly kind: 'hop';
  readonly link: number;
  readonly skipped: Instruction;
}

/** Blocks that jump to one another, into loops too; every jump back takes one from the counter. */
export interface Maze {
  readonly kind: 'maze';
  readonly counter: number;
  readonly fuel: number;
  readonly start: number;
  readonly blocks: readonly MazeBlock[];
}

export interface MazeBlock {
  readonly body: readonly Node[];
  readonly test: Test;
  /** Blocks, as numbers; the number of blocks is the end. */
  readonly taken: number;
  readonly next: number;
}

/** Writes one of two instructions over itself, chosen by a register, and executes it. */
export interface Patch {
  readonly kind: 'patch';
  readonly chooser: number;
  readonly temps: readonly [number, number];
  readonly choices: readonly [Instruction, Instruction];
}

/** Load-reserved, something, store-conditional, until it succeeds. */
export interface Reserve {
  readonly kind: 'reserve';
  readonly insns: readonly Instruction[];
  /** Register that the store-conditional wrote. */
  readonly failed: number;
}

/** Something reached through auipc: data of its own beside the code. */
export interface Relative {
  readonly kind: 'relative';
  readonly via: number;
  readonly insn: Instruction;
  readonly data: bigint;
}

/** All nodes below, parents before children. */
export function nodesIn(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [node, ...nodesIn(childrenOf(node))]);
}

function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'if':
      return [...node.then, ...node.otherwise];
    case 'loop':
      return node.body;
    case 'switch':
      return node.cases.flat();
    case 'maze':
      return node.blocks.flatMap(({ body }) => body);
    default:
      return [];
  }
}
