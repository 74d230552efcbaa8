/** Records of pipes, epoll and futexes. Interface: Pipe, Epoll, EpollItem, FutexTable. See pipe(7), epoll(7), futex(2). */
import type { EpollId, FileId, PipeId, Tid, WaitQueueId } from '../ids.ts';
import type { Wait } from '../result.ts';

/**
 * A pipe: a ring of slots of one page each, as Linux has it, with a count of readers and of writers. Bytes of a write go to the
 * last slot if they fit, else to new ones; a slot is free again when it has been read to its end.
 */
export interface Pipe {
  readonly id: PipeId;
  /** Contents of the slots. Grows up to `slots` pages as they are needed. */
  ring: Uint8Array;
  /** By slot: where its bytes begin, how many there are, and whether it is a packet of its own (O_DIRECT). */
  starts: number[];
  lengths: number[];
  packets: boolean[];
  /** The oldest slot, and how many are in use. */
  head: number;
  used: number;
  /** Capacity (F_SETPIPE_SZ). */
  slots: number;
  /** Bytes in all slots. */
  length: number;
  readers: number;
  writers: number;
  /** The end that the host holds, counted above too; null: none. */
  host: 'reader' | 'writer' | null;
  /** Counters that let a FIFO's open wait for a peer that came and went. */
  readerOpens: number;
  writerOpens: number;
  /** Readers wait here (data or end of file). */
  readonly readable: WaitQueueId;
  /** Writers wait here (room or no reader). */
  readonly writable: WaitQueueId;
  /** The waits of read and write, made once. */
  readonly readWait: Wait;
  readonly writeWait: Wait;
}

/** An epoll instance; see ipc/epoll.ts. */
export interface Epoll {
  readonly id: EpollId;
  items: Map<number, EpollItem>;
  /** Keys of the items of a descriptor: several where it was closed and given again while the old file lives on. */
  byFd: Map<number, number[]>;
  nextItem: number;
  /** Items that may be ready, in order. */
  ready: number[];
  readonly queue: WaitQueueId;
}

export interface EpollItem {
  readonly key: number;
  readonly fd: number;
  readonly file: FileId;
  /** EPOLL* as given, with EPOLLERR and EPOLLHUP. */
  events: number;
  data: bigint;
  /** Queues that it watches. */
  queues: readonly WaitQueueId[];
  /** It is in `ready`. */
  queued: boolean;
  /** EPOLLONESHOT fired. */
  disabled: boolean;
}

export interface FutexTable {
  /** Key (see ipc/futex.ts) -> who waits on it, first come first. */
  waiters: Map<string, Tid[]>;
}

/** What a thread waits for in futex(2); kept on the task. */
export interface FutexWait {
  /** One key, or several for futex_waitv. A requeue changes it. */
  keys: string[];
  readonly bitset: number;
  /** Index of the key that was woken; -1: none yet. */
  woken: number;
}
