/**
 * Events of poll(2) and epoll(7), and the flags of eventfd(2), epoll_create1(2) and inotify(7).
 *
 * Interface: POLL, EPOLL, EPOLL_CREATE, EPOLL_CTL, EVENTFD, INOTIFY_INIT, INOTIFY, FANOTIFY_INIT, FANOTIFY_MARK. Values: asm/poll.h, linux/eventpoll.h, linux/inotify.h, linux/fanotify.h.
 */

import { flagSet } from '../flag-set.ts';

export const POLL = flagSet(
  'poll',
  {
    POLLIN: 1,
    POLLPRI: 2,
    POLLOUT: 4,
    POLLERR: 0x8,
    POLLHUP: 0x10,
    POLLNVAL: 0x20,
    POLLRDNORM: 0x40,
    POLLRDBAND: 0x80,
    POLLWRNORM: 0x100,
    POLLWRBAND: 0x200,
    POLLMSG: 0x400,
    POLLRDHUP: 0x2000,
  },
  { noEffect: ['POLLRDBAND', 'POLLWRBAND', 'POLLMSG', 'POLLRDHUP'] },
);

export const EPOLL = flagSet(
  'epoll',
  {
    EPOLLIN: 1,
    EPOLLPRI: 2,
    EPOLLOUT: 4,
    EPOLLERR: 0x8,
    EPOLLHUP: 0x10,
    EPOLLNVAL: 0x20,
    EPOLLRDNORM: 0x40,
    EPOLLRDBAND: 0x80,
    EPOLLWRNORM: 0x100,
    EPOLLWRBAND: 0x200,
    EPOLLMSG: 0x400,
    EPOLLRDHUP: 0x2000,
    EPOLLEXCLUSIVE: 0x10000000,
    EPOLLWAKEUP: 0x20000000,
    EPOLLONESHOT: 0x40000000,
    EPOLLET: 0x80000000,
  },
  { noEffect: ['EPOLLRDBAND', 'EPOLLWRBAND', 'EPOLLMSG', 'EPOLLRDHUP', 'EPOLLEXCLUSIVE', 'EPOLLWAKEUP'] },
);

export const EPOLL_CREATE = flagSet(
  'epoll-create',
  {
    EPOLL_CLOEXEC: 0o2000000,
  },
  { unsupported: [] },
);

export const EPOLL_CTL = flagSet(
  'epoll-ctl',
  {
    EPOLL_CTL_ADD: 1,
    EPOLL_CTL_DEL: 2,
    EPOLL_CTL_MOD: 3,
  },
  { kind: 'enum', unsupported: [] },
);

export const EVENTFD = flagSet(
  'eventfd',
  {
    EFD_SEMAPHORE: 1,
    EFD_CLOEXEC: 0o2000000,
    EFD_NONBLOCK: 0o4000,
  },
  { unsupported: [] },
);

export const INOTIFY_INIT = flagSet(
  'inotify-init',
  {
    IN_CLOEXEC: 0o2000000,
    IN_NONBLOCK: 0o4000,
  },
  { unsupported: [] },
);

export const INOTIFY = flagSet(
  'inotify',
  {
    IN_ACCESS: 1,
    IN_MODIFY: 2,
    IN_ATTRIB: 4,
    IN_CLOSE_WRITE: 0x8,
    IN_CLOSE_NOWRITE: 0x10,
    IN_OPEN: 0x20,
    IN_MOVED_FROM: 0x40,
    IN_MOVED_TO: 0x80,
    IN_CREATE: 0x100,
    IN_DELETE: 0x200,
    IN_DELETE_SELF: 0x400,
    IN_MOVE_SELF: 0x800,
    IN_UNMOUNT: 0x2000,
    IN_Q_OVERFLOW: 0x4000,
    IN_IGNORED: 0x8000,
    IN_ONLYDIR: 0x1000000,
    IN_DONT_FOLLOW: 0x2000000,
    IN_EXCL_UNLINK: 0x4000000,
    IN_MASK_CREATE: 0x10000000,
    IN_MASK_ADD: 0x20000000,
    IN_ISDIR: 0x40000000,
    IN_ONESHOT: 0x80000000,
  },
  { unsupported: [] },
);

export const FANOTIFY_INIT = flagSet(
  'fanotify-init',
  {
    FAN_CLOEXEC: 1,
    FAN_NONBLOCK: 2,
    FAN_CLASS_CONTENT: 4,
    FAN_CLASS_PRE_CONTENT: 0x8,
    FAN_UNLIMITED_QUEUE: 0x10,
    FAN_UNLIMITED_MARKS: 0x20,
    FAN_ENABLE_AUDIT: 0x40,
    FAN_REPORT_PIDFD: 0x80,
    FAN_REPORT_TID: 0x100,
    FAN_REPORT_FID: 0x200,
    FAN_REPORT_DIR_FID: 0x400,
    FAN_REPORT_NAME: 0x800,
    FAN_REPORT_TARGET_FID: 0x1000,
  },
  { unsupported: [] },
);

export const FANOTIFY_MARK = flagSet(
  'fanotify-mark',
  {
    FAN_MARK_ADD: 1,
    FAN_MARK_REMOVE: 2,
    FAN_MARK_DONT_FOLLOW: 4,
    FAN_MARK_ONLYDIR: 0x8,
    FAN_MARK_MOUNT: 0x10,
    FAN_MARK_IGNORED_MASK: 0x20,
    FAN_MARK_IGNORED_SURV_MODIFY: 0x40,
    FAN_MARK_FLUSH: 0x80,
    FAN_MARK_FILESYSTEM: 0x100,
    FAN_MARK_EVICTABLE: 0x200,
    FAN_MARK_IGNORE: 0x400,
  },
  { unsupported: [] },
);
