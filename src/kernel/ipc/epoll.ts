/**
 * epoll: a set of files of interest and a list of those that may be ready. See epoll(7).
 *
 * Interface: createEpoll, epollOf, findItem, addItem, changeItem, removeItem, isWatchLimitReached, forgetWatched, collectReady, wouldLoop, epollOps.
 * Invariants: item.queued exactly while its key is in `ready`. Each item is listed as watcher in its queues, whose wakers put it in
 * `ready` (sched/wait-queue.ts), and in `watchedBy` of its file, with whose last reference it goes.
 */
import { EPOLL, POLL } from '../../abi/flags/poll.ts';
import { nextId } from '../id.ts';
import type { EpollId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { freeWaitQueue, newWaitQueue, wakeAll } from '../sched/wait-queue.ts';
import { sysctlNumber } from '../sysctl.ts';
import { pollFile, pollQueuesOf } from '../vfs/poll.ts';
import type { FileOps, OpenFile } from '../vfs/types.ts';
import type { Epoll, EpollItem } from './types.ts';

const { EPOLLET, EPOLLONESHOT } = EPOLL.values;
const { POLLIN, POLLRDNORM, POLLERR, POLLHUP } = POLL.values;
/** Linux: epoll instances nest at most this deep. */
const MAX_NESTS = 4;
/** The event bits of a mask; those above are flags. */
const EVENT_BITS = 0xffff;

export function createEpoll(kernel: Kernel): Epoll {
  const epoll: Epoll = {
    id: nextId(kernel),
    items: new Map(),
    byFd: new Map(),
    nextItem: 1,
    ready: [],
    queue: newWaitQueue(kernel),
  };
  kernel.epolls.set(epoll.id, epoll);
  return epoll;
}

export function epollOf(kernel: Kernel, file: OpenFile): Epoll | undefined {
  return file.kind === 'epoll' ? kernel.epolls.get(file.data as EpollId) : undefined;
}

export function findItem(epoll: Epoll, fd: number, file: OpenFile): EpollItem | undefined {
  for (const key of epoll.byFd.get(fd) ?? []) {
    const item = epoll.items.get(key)!;
    if (item.file === file.id) return item;
  }
  return undefined;
}

export function addItem(kernel: Kernel, epoll: Epoll, fd: number, file: OpenFile, events: number, data: bigint): void {
  const item: EpollItem = {
    key: epoll.nextItem++,
    fd,
    file: file.id,
    events: events | POLLERR | POLLHUP,
    data,
    queues: pollQueuesOf(kernel, file),
    queued: false,
    disabled: false,
  };
  epoll.items.set(item.key, item);
  const keys = epoll.byFd.get(fd);
  if (keys === undefined) epoll.byFd.set(fd, [item.key]);
  else keys.push(item.key);
  (file.watchedBy ??= []).push({ epoll: epoll.id, item: item.key });
  for (const id of item.queues) kernel.waitQueues.get(id)?.watchers.push({ epoll: epoll.id, item: item.key });
  queueIfReady(kernel, epoll, item, file);
}

export function changeItem(
  kernel: Kernel,
  epoll: Epoll,
  item: EpollItem,
  file: OpenFile,
  events: number,
  data: bigint,
): void {
  item.events = events | POLLERR | POLLHUP;
  item.data = data;
  item.disabled = false;
  queueIfReady(kernel, epoll, item, file);
}

/** True when fs.epoll.max_user_watches items are there. See epoll(7). */
export function isWatchLimitReached(kernel: Kernel): boolean {
  let items = 0;
  for (const epoll of kernel.epolls.values()) items += epoll.items.size;
  return items >= sysctlNumber(kernel, 'fs/epoll/max_user_watches');
}

/** In place, for there may be many: those of an epoll that is closed stand in the order in which they go. */
function removeWatch(watches: { epoll: EpollId; item: number }[], epoll: Epoll, item: EpollItem): void {
  const index = watches.findIndex((watch) => watch.epoll === epoll.id && watch.item === item.key);
  if (index >= 0) watches.splice(index, 1);
}

export function removeItem(kernel: Kernel, epoll: Epoll, item: EpollItem): void {
  for (const id of item.queues) {
    const queue = kernel.waitQueues.get(id);
    if (queue !== undefined) removeWatch(queue.watchers, epoll, item);
  }
  const file = kernel.files.get(item.file);
  if (file !== undefined && file.watchedBy !== null) removeWatch(file.watchedBy, epoll, item);
  epoll.items.delete(item.key);
  const keys = epoll.byFd.get(item.fd)!.filter((key) => key !== item.key);
  if (keys.length === 0) epoll.byFd.delete(item.fd);
  else epoll.byFd.set(item.fd, keys);
  if (item.queued) epoll.ready = epoll.ready.filter((key) => key !== item.key);
}

/** The file's last reference went: no epoll watches it any more. */
export function forgetWatched(kernel: Kernel, file: OpenFile): void {
  const watches = file.watchedBy;
  file.watchedBy = null;
  for (const { epoll: id, item: key } of watches ?? []) {
    const epoll = kernel.epolls.get(id);
    const item = epoll?.items.get(key);
    if (epoll !== undefined && item !== undefined) removeItem(kernel, epoll, item);
  }
}

/**
 * Gives up to `max` ready items to `sink`, in turn, as epoll_wait reports them: level-triggered ones go back to the end of the
 * list, edge-triggered ones leave it, one-shot ones are disabled. `sink` returns false if it could not take the item.
 */
export function collectReady(
  kernel: Kernel,
  epoll: Epoll,
  max: number,
  sink: (item: EpollItem, events: number) => boolean,
): number {
  let count = 0;
  for (let left = epoll.ready.length; left > 0 && count < max && epoll.ready.length > 0; left--) {
    const item = epoll.items.get(epoll.ready.shift()!)!;
    item.queued = false;
    const events = readyEvents(kernel, item);
    if (events === 0) continue;
    if (!sink(item, events)) {
      item.queued = true;
      epoll.ready.unshift(item.key);
      return count;
    }
    count++;
    if ((item.events & EPOLLONESHOT) !== 0) item.disabled = true;
    else if ((item.events & EPOLLET) === 0) enlist(epoll, item);
  }
  return count;
}

/** Whether watching `target` from the epoll behind `file` would make a circle, or nest deeper than Linux allows (ELOOP). */
export function wouldLoop(kernel: Kernel, file: OpenFile, target: Epoll): boolean {
  const epoll = epollOf(kernel, file)!;
  const below = depthBelow(kernel, target, epoll);
  return below + 1 + depthAbove(kernel, file) > MAX_NESTS;
}

/** How many epolls are nested in `epoll`, one in the other; more than allowed if `sought` is one of them. */
function depthBelow(kernel: Kernel, epoll: Epoll, sought: Epoll, depth = 0): number {
  if (epoll === sought || depth > MAX_NESTS) return MAX_NESTS + 1;
  let deepest = depth;
  for (const item of epoll.items.values()) {
    const inner = epollOf(kernel, kernel.files.get(item.file)!);
    if (inner !== undefined) deepest = Math.max(deepest, depthBelow(kernel, inner, sought, depth + 1));
  }
  return deepest;
}

/** In how many epolls, one in the other, the epoll behind `file` is nested. */
function depthAbove(kernel: Kernel, file: OpenFile): number {
  let deepest = 0;
  for (const { epoll } of file.watchedBy ?? []) {
    for (const outer of kernel.files.values())
      if (outer.kind === 'epoll' && outer.data === epoll) deepest = Math.max(deepest, 1 + depthAbove(kernel, outer));
  }
  return deepest;
}

function queueIfReady(kernel: Kernel, epoll: Epoll, item: EpollItem, file: OpenFile): void {
  if (item.queued || (pollFile(kernel, file) & item.events & EVENT_BITS) === 0) return;
  enlist(epoll, item);
  wakeAll(kernel, epoll.queue);
}

function enlist(epoll: Epoll, item: EpollItem): void {
  if (item.queued) return;
  item.queued = true;
  epoll.ready.push(item.key);
}

/** The events of an item that hold now. */
function readyEvents(kernel: Kernel, item: EpollItem): number {
  return item.disabled ? 0 : pollFile(kernel, kernel.files.get(item.file)!) & item.events & EVENT_BITS;
}

/** An epoll is itself readable when one of its items is ready. Those that are not leave the list. */
function poll(kernel: Kernel, file: OpenFile): number {
  const epoll = epollOf(kernel, file)!;
  while (epoll.ready.length > 0) {
    const item = epoll.items.get(epoll.ready[0]!)!;
    if (readyEvents(kernel, item) !== 0) return POLLIN | POLLRDNORM;
    item.queued = false;
    epoll.ready.shift();
  }
  return 0;
}

export const epollOps: FileOps = {
  // Linux: lseek does nothing and succeeds.
  seekable: true,
  seek: () => 0,
  poll,
  pollQueues: (kernel, file) => [epollOf(kernel, file)!.queue],
  release(kernel, file) {
    const epoll = epollOf(kernel, file)!;
    for (const item of [...epoll.items.values()]) removeItem(kernel, epoll, item);
    kernel.epolls.delete(epoll.id);
    freeWaitQueue(kernel, epoll.queue);
  },
  fdinfo: (kernel, file) =>
    [...epollOf(kernel, file)!.items.values()].map(
      ({ fd, events, data }) =>
        `tfd: ${String(fd).padStart(8)} events: ${(events >>> 0).toString(16).padStart(8)} data: ${data.toString(16).padStart(16)}`,
    ),
};
