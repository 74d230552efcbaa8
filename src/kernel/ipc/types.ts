/** Records of pipes, epoll and futexes. Interface: Pipe, Epoll, EpollItem, FutexTable. See pipe(7), epoll(7), futex(2). */
import type { EpollId, FileId, PipeId, Tid, WaitQueueId } from '../ids.ts';

/** A ring of bytes with a count of readers and of writers. */
export interface Pipe {
  readonly id: PipeId;
  ring: Uint8Array;
  head: number;
  length: number;
  readers: number;
  writers: number;
  /** Counters that let a FIFO's open wait for a peer that came and went. */
  readerOpens: number;
  writerOpens: number;
  /** Readers wait here (data or end of file). */
  readonly readable: WaitQueueId;
  /** Writers wait here (room or no reader). */
  readonly writable: WaitQueueId;
  /** Packet mode (O_DIRECT): lengths of the packets in the ring. */
  packets: number[] | null;
}

export interface Epoll {
  readonly id: EpollId;
  items: Map<number, EpollItem>;
  nextItem: number;
  /** Items that may be ready, in order. */
  ready: number[];
  readonly queue: WaitQueueId;
}

export interface EpollItem {
  readonly key: number;
  readonly fd: number;
  readonly file: FileId;
  events: number;
  data: bigint;
  /** Queues that it watches. */
  queues: WaitQueueId[];
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
