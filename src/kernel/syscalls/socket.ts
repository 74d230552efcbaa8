/**
 * System calls that make sockets. No family of addresses is there yet, which is EAFNOSUPPORT, as of a Linux built without them, and
 * not ENOSYS: libraries (libaudit, for one) take the former for "not in this kernel" and go on.
 *
 * Interface: socketCalls. See socket(2), socketpair(2).
 */
import { SOCKET_TYPE } from '../../abi/flags/socket.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { SOCK_CLOEXEC, SOCK_NONBLOCK } = SOCKET_TYPE.values;
/** Linux: the low four bits are the type, of which 0 to 10 may be (SOCK_MAX is 11). */
const TYPE_MASK = 0xf;
const SOCK_MAX = 11;

function socket(_kernel: Kernel, _task: Task, family: number, type: number): SyscallResult {
  if ((type & ~TYPE_MASK & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) return 'EINVAL';
  // Linux: a family that cannot be is looked at before a type that cannot be.
  if (family < 0 || family >= 46) return 'EAFNOSUPPORT';
  return (type & TYPE_MASK) >= SOCK_MAX ? 'EINVAL' : 'EAFNOSUPPORT';
}

export const socketCalls = { socket, socketpair: socket } satisfies Handlers;
