/**
 * Bytes that come out of a guest, for whoever reads them: an async iterable with a bounded buffer.
 *
 * Interface: Output. While its buffer is full nothing more is taken from the guest, so the guest waits for its reader.
 * A reader that leaves a loop over it, or calls close(), wants no more: the guest's writes then fail as those to a broken pipe.
 */

/** At most about this much is held for a reader. */
const HIGH_WATER_BYTES = 256 * 1024;

export class Output implements AsyncIterable<Uint8Array> {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #closed = false;
  #waiting: (() => void) | undefined;
  readonly #onRoom: () => void;

  /** `onRoom` is called when a full buffer has been read, and when nobody reads any more. */
  constructor(onRoom: () => void) {
    this.#onRoom = onRoom;
  }

  /** How many bytes the buffer still takes. */
  get room(): number {
    return Math.max(0, HIGH_WATER_BYTES - this.#bytes);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether close() was called. */
  get closed(): boolean {
    return this.#closed;
  }

  push(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Nobody reads any more: the guest gets EPIPE and SIGPIPE when it writes on, or SIGHUP where this is its terminal. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#chunks = [];
    this.#bytes = 0;
    this.end();
    this.#onRoom();
  }

  /** All bytes to the end as one array. */
  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this) chunks.push(chunk);
    const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  /** All bytes to the end, decoded as UTF-8. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          const wasFull = this.room === 0;
          this.#bytes -= chunk.length;
          if (wasFull) this.#onRoom();
          yield chunk;
        } else if (this.#ended) return;
        else await new Promise<void>((resolve) => (this.#waiting = resolve));
      }
    } finally {
      if (!this.#ended) this.close();
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}
