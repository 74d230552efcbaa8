/**
 * Bytes on their way into a guest. Interface: Input. `write` resolves once the guest's side has taken them all.
 */

interface Waiting {
  readonly bytes: Uint8Array;
  offset: number;
  readonly done: () => void;
}

export class Input {
  readonly #queue: Waiting[] = [];
  #ended = false;
  #closed = false;
  readonly #onInput: () => void;

  /** `onInput` is called when there is something to feed. */
  constructor(onInput: () => void) {
    this.#onInput = onInput;
  }

  /** Sends bytes. After end() or when nobody can read any more they are dropped. */
  write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    if (this.#ended || this.#closed || bytes.length === 0) return Promise.resolve();
    return new Promise((done) => {
      this.#queue.push({ bytes, offset: 0, done });
      this.#onInput();
    });
  }

  /** No more input will come: the guest reads end of file after what was written. */
  end(): void {
    this.#ended = true;
    this.#onInput();
  }

  /** True when everything was fed and end() was called. */
  get finished(): boolean {
    return this.#ended && this.#queue.length === 0;
  }

  /** Feeds through `take`, which gives how many bytes it accepted, until it accepts no more. */
  feed(take: (bytes: Uint8Array, offset: number) => number): boolean {
    let fed = false;
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const taken = take(head.bytes, head.offset);
      head.offset += taken;
      fed ||= taken > 0;
      if (head.offset < head.bytes.length) break;
      this.#queue.shift();
      head.done();
    }
    return fed;
  }

  /** Nobody reads any more. */
  close(): void {
    this.#closed = true;
    for (const { done } of this.#queue.splice(0)) done();
  }
}
