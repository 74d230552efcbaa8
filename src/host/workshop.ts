/**
 * A workshop (cpu/wasm-port.ts) on another thread: sends orders, and calls back when a module comes. The thread is opened when it is first
 * asked for and closed when nothing was ordered for a while; a thread that breaks down leaves its orders undone.
 *
 * Interface: Workshops, Thread, OpenThread, OrderMessage, ModuleMessage.
 */
import type { CompiledModule, ModuleOrder, Workshop } from '../machine/workshop.ts';
import { compiledModule } from './wasm.ts';

export interface OrderMessage {
  readonly id: number;
  readonly order: ModuleOrder;
}

/** What came of an order; without a module it failed. */
export interface ModuleMessage {
  readonly id: number;
  readonly made: { readonly module: WebAssembly.Module; readonly bytes: Uint8Array } | undefined;
}

export interface Thread {
  send(message: OrderMessage): void;
  close(): void;
}

/** Starts a thread, or gives undefined where there can be none. `isUp` is called when it takes orders, `broke` when it has ended by itself. */
export type OpenThread = (events: {
  isUp: () => void;
  came: (message: ModuleMessage) => void;
  broke: () => void;
}) => Thread | undefined;

/** So many orders wait at most: what is made too late is of no use. */
const MAX_WAITING = 4;
const IDLE_MS = 10_000;

export class Workshops {
  readonly #open: OpenThread;
  readonly #compiled: typeof compiledModule;
  #thread: Thread | undefined;
  #isUp = false;
  #isBroken = false;
  #closing: ReturnType<typeof setTimeout> | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, (made: CompiledModule | undefined) => void>();
  readonly #workshop: Workshop;

  /** `compiled` gives what is known of a module that was compiled from some bytes. */
  constructor(open: OpenThread, compiled = compiledModule) {
    this.#open = open;
    this.#compiled = compiled;
    const waiting = this.#waiting;
    this.#workshop = {
      get isBusy() {
        return waiting.size >= MAX_WAITING;
      },
      order: (order, done) => this.#order(order, done),
    };
  }

  /** The workshop if it takes orders by now. */
  get(): Workshop | undefined {
    if (this.#isUp) return this.#workshop;
    if (!this.#thread && !this.#isBroken) this.#start();
    return undefined;
  }

  #start(): void {
    this.#thread = this.#open({
      isUp: () => {
        this.#isUp = true;
        this.#closeLater();
      },
      came: (message) => this.#came(message),
      broke: () => this.#end(true),
    });
    if (!this.#thread) this.#isBroken = true;
  }

  #order(order: ModuleOrder, done: (made: CompiledModule | undefined) => void): void {
    const id = ++this.#lastId;
    this.#waiting.set(id, done);
    this.#thread!.send({ id, order });
    this.#closeLater();
  }

  #came({ id, made }: ModuleMessage): void {
    const done = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!made) return done?.(undefined);
    const { module, bytes } = made;
    done?.(this.#compiled(bytes, module));
  }

  #closeLater(): void {
    clearTimeout(this.#closing);
    this.#closing = setTimeout(() => (this.#waiting.size > 0 ? this.#closeLater() : this.#end(false)), IDLE_MS);
    // In Node a timer holds the process, unless it is told not to.
    (this.#closing as { unref?: () => void }).unref?.();
  }

  #end(isBroken: boolean): void {
    clearTimeout(this.#closing);
    this.#thread?.close();
    this.#thread = undefined;
    this.#isUp = false;
    this.#isBroken = isBroken;
    const undone = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const done of undone) done(undefined);
  }
}
