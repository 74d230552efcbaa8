/**
 * What a profiler has gathered: a tree of stacks, and for each thread its samples and its system calls.
 *
 * Interface: Profile, ThreadProfile, StackTree, FrameInfo, CallInterval.
 * A stack is a number: its innermost frame and the stack of its caller. 0 is the empty stack.
 */
import type { Image, Place } from './images.ts';

export interface Profile {
  /** Retired instructions from one sample to the next. */
  readonly interval: number;
  /** Time of the machine, in ns. */
  readonly startNs: number;
  readonly endNs: number;
  /** Instructions retired in between. */
  readonly instructions: number;
  readonly images: readonly Image[];
  readonly stacks: StackTree;
  readonly threads: readonly ThreadProfile[];
}

/** A thread under one name: when exec gives it another one, there is another record. */
export interface ThreadProfile {
  readonly pid: number;
  readonly tid: number;
  readonly processName: string;
  readonly name: string;
  readonly isMain: boolean;
  /** Time of the machine at which it was first and last seen, in ns. */
  readonly startNs: number;
  endNs: number;
  /** One entry a sample. */
  readonly sampleTimesNs: number[];
  readonly sampleStacks: number[];
  /** System calls by stack, whose innermost frame is the call: how often, and how long they took, waiting included. */
  readonly calls: Map<number, { count: number; ns: number }>;
  /** The first of its calls one by one. */
  readonly intervals: CallInterval[];
}

export interface CallInterval {
  readonly name: string;
  readonly startNs: number;
  readonly endNs: number;
}

/** A frame of a stack: code of an image, or a system call that the kernel does. */
export type FrameInfo =
  | { readonly kind: 'code'; readonly image: Image; readonly address: number }
  | { readonly kind: 'syscall'; readonly name: string };

/** Addresses of user space are below this. */
const ADDRESS_SPAN = 2 ** 38;
/** Frames, and stacks, that a key has room for. */
const FRAME_SPAN = 2 ** 22;

/** Stacks as nodes of a tree: what many have in common is kept once. */
export class StackTree {
  readonly frames: FrameInfo[] = [];
  /** By stack: its innermost frame, and the stack beneath it. */
  readonly frameOf: number[] = [-1];
  readonly callerOf: number[] = [0];
  readonly #frameIds = new Map<number | string, number>();
  readonly #stackIds = new Map<number, number>();

  /** The stack of these places, innermost first. */
  add(places: readonly Place[]): number {
    let stack = 0;
    for (let i = places.length - 1; i >= 0; i--) stack = this.#child(stack, this.#codeFrame(places[i]!));
    return stack;
  }

  /** The stack of a system call made at `stack`. */
  addCall(stack: number, name: string): number {
    return this.#child(
      stack,
      this.#frame(name, () => ({ kind: 'syscall', name })),
    );
  }

  /** Frames of a stack, innermost first. */
  path(stack: number): number[] {
    const path: number[] = [];
    for (let at = stack; at !== 0; at = this.callerOf[at]!) path.push(this.frameOf[at]!);
    return path;
  }

  #codeFrame({ image, address }: Place): number {
    return this.#frame(image.index * ADDRESS_SPAN + address, () => ({ kind: 'code', image, address }));
  }

  #frame(key: number | string, make: () => FrameInfo): number {
    let id = this.#frameIds.get(key);
    if (id === undefined) {
      id = this.frames.push(make()) - 1;
      this.#frameIds.set(key, id);
    }
    return id;
  }

  #child(caller: number, frame: number): number {
    const key = caller * FRAME_SPAN + frame;
    let id = this.#stackIds.get(key);
    if (id === undefined) {
      id = this.frameOf.push(frame) - 1;
      this.callerOf.push(caller);
      this.#stackIds.set(key, id);
    }
    return id;
  }
}
