/**
 * Structs of waiting, terminals, asynchronous I/O and devices. See poll(2), epoll_ctl(2), ioctl_tty(2), io_submit(2),
 * io_uring_setup(2).
 *
 * Source: asm/poll.h, linux/eventpoll.h, asm/termios.h, asm/termbits.h, linux/aio_abi.h, linux/io_uring.h, linux/rtc.h.
 */

import { array, bigU64, bytes, defineStruct, i16, i32, i64, long, nested, u16, u32, u64, u8 } from '../struct.ts';

export const POLLFD = defineStruct('pollfd', { fd: i32, events: u16, revents: u16 });
/** Packed on x86-64 only, so that 32-bit programs see the same. */
export const EPOLL_EVENT = defineStruct('epoll_event', { events: u32, data: bigU64 }, { packed: ['x86_64'] });

export const WINSIZE = defineStruct('winsize', { ws_row: u16, ws_col: u16, ws_xpixel: u16, ws_ypixel: u16 });
/** The kernel's termios: 19 control characters, unlike the C library's 32. */
export const TERMIOS = defineStruct('termios', {
  c_iflag: u32,
  c_oflag: u32,
  c_cflag: u32,
  c_lflag: u32,
  c_line: u8,
  c_cc: bytes(19),
});
export const TERMIOS2 = defineStruct('termios2', {
  c_iflag: u32,
  c_oflag: u32,
  c_cflag: u32,
  c_lflag: u32,
  c_line: u8,
  c_cc: bytes(19),
  c_ispeed: u32,
  c_ospeed: u32,
});
export const TERMIO = defineStruct('termio', {
  c_iflag: u16,
  c_oflag: u16,
  c_cflag: u16,
  c_lflag: u16,
  c_line: u8,
  c_cc: bytes(8),
});

export const IOCB = defineStruct('iocb', {
  aio_data: bigU64,
  aio_key: u32,
  aio_rw_flags: i32,
  aio_lio_opcode: u16,
  aio_reqprio: i16,
  aio_fildes: u32,
  aio_buf: u64,
  aio_nbytes: u64,
  aio_offset: i64,
  _reserved2: u64,
  aio_flags: u32,
  aio_resfd: u32,
});
export const IO_EVENT = defineStruct('io_event', { data: bigU64, obj: bigU64, res: i64, res2: i64 });

const IO_SQRING_OFFSETS = defineStruct('io_sqring_offsets', {
  head: u32,
  tail: u32,
  ring_mask: u32,
  ring_entries: u32,
  flags: u32,
  dropped: u32,
  array: u32,
  _resv1: u32,
  user_addr: u64,
});
const IO_CQRING_OFFSETS = defineStruct('io_cqring_offsets', {
  head: u32,
  tail: u32,
  ring_mask: u32,
  ring_entries: u32,
  overflow: u32,
  cqes: u32,
  flags: u32,
  _resv1: u32,
  user_addr: u64,
});
export const IO_URING_PARAMS = defineStruct('io_uring_params', {
  sq_entries: u32,
  cq_entries: u32,
  flags: u32,
  sq_thread_cpu: u32,
  sq_thread_idle: u32,
  features: u32,
  wq_fd: u32,
  resv: array(u32, 3),
  sq_off: nested(IO_SQRING_OFFSETS),
  cq_off: nested(IO_CQRING_OFFSETS),
});
/** The plain 64-byte form; the fields that are unions have their read/write names. */
export const IO_URING_SQE = defineStruct('io_uring_sqe', {
  opcode: u8,
  flags: u8,
  ioprio: u16,
  fd: i32,
  off: bigU64,
  addr: bigU64,
  len: u32,
  rw_flags: u32,
  user_data: bigU64,
  buf_index: u16,
  personality: u16,
  splice_fd_in: i32,
  addr3: bigU64,
  _pad2: u64,
});
export const IO_URING_CQE = defineStruct('io_uring_cqe', { user_data: bigU64, res: i32, flags: u32 });

export const RTC_TIME = defineStruct('rtc_time', {
  tm_sec: i32,
  tm_min: i32,
  tm_hour: i32,
  tm_mday: i32,
  tm_mon: i32,
  tm_year: i32,
  tm_wday: i32,
  tm_yday: i32,
  tm_isdst: i32,
});
export const FSXATTR = defineStruct('fsxattr', {
  fsx_xflags: u32,
  fsx_extsize: u32,
  fsx_nextents: u32,
  fsx_projid: u32,
  fsx_cowextsize: u32,
  _pad: bytes(8),
});
export const MQ_ATTR = defineStruct('mq_attr', {
  mq_flags: long,
  mq_maxmsg: long,
  mq_msgsize: long,
  mq_curmsgs: long,
  _reserved: array(long, 4),
});
