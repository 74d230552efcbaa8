/**
 * System calls about the system as a whole. See uname(2), sysinfo(2), getrandom(2), syslog(2), reboot(2), personality(2).
 *
 * Interface: systemCalls.
 */
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { GETRANDOM, REBOOT_COMMAND, REBOOT_MAGIC, SYSLOG_ACTION } from '../../abi/flags/system.ts';
import { layoutOf } from '../../abi/struct.ts';
import { SYSINFO, UTSNAME } from '../../abi/structs/process.ts';
import { byteStringOf, bytesOf, type ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { PAGE_SIZE } from '../mm/frames.ts';
import { copyFromUser, copyToUser, putUser32, writeUserStruct } from '../mm/uaccess.ts';
import { waitOn } from '../result.ts';
import { capable } from '../task/cred.ts';
import { haltSystem } from '../task/exit.ts';
import { groupOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import { LOAD_SHIFT, loadAverages } from '../sched/load.ts';
import { nowNs } from '../time/timers.ts';
import { hangupSession } from '../tty/job-control.ts';
import { BYTES_AT_A_TIME } from '../vfs/io.ts';
import { LINUX_VERSION } from '../version.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { CAP_SYS_ADMIN, CAP_SYSLOG, CAP_SYS_BOOT, CAP_SYS_TTY_CONFIG } = CAPABILITY.values;
const UTSNAME_LAYOUT = layoutOf(UTSNAME, 'riscv64');
const SYSINFO_LAYOUT = layoutOf(SYSINFO, 'riscv64');
/** __NEW_UTS_LEN */
const NAME_LENGTH = 64;
/** Linux gives at most this much in one call. */
const MAX_RANDOM = 0x7fff_ffff;
const RANDOM_CHUNK = 65536;
const LOG_BYTES = 1 << 18;
const QUERY_PERSONALITY = 0xffff_ffff;
/** UNAME26: programs that cannot stand a version beyond 2.6. */
const UNAME26 = 0x20000;

export const systemCalls = {
  uname(kernel, task, address) {
    const release = (task.personality & UNAME26) !== 0 ? '2.6.72-ringfence' : LINUX_VERSION.release;
    return writeUserStruct(kernel, task, address, UTSNAME_LAYOUT, {
      sysname: bytesOf(LINUX_VERSION.sysname),
      nodename: bytesOf(kernel.hostname),
      release: bytesOf(release),
      version: bytesOf(LINUX_VERSION.version),
      machine: bytesOf('riscv64'),
      domainname: bytesOf(kernel.domainname),
    });
  },

  sethostname(kernel, task, address, length) {
    const name = readName(kernel, task, address, length);
    if (typeof name === 'string') return name;
    kernel.hostname = name.text;
    return 0;
  },

  setdomainname(kernel, task, address, length) {
    const name = readName(kernel, task, address, length);
    if (typeof name === 'string') return name;
    kernel.domainname = name.text;
    return 0;
  },

  sysinfo(kernel, task, address) {
    const { frames } = kernel;
    let shared = 0;
    for (const mm of kernel.mms.values()) shared += mm.rssShmem;
    return writeUserStruct(kernel, task, address, SYSINFO_LAYOUT, {
      uptime: Math.floor(nowNs(kernel) / 1e9),
      // Sixteen bits after the point (SI_LOAD_SHIFT).
      loads: loadAverages(kernel).map((load) => load * 2 ** (16 - LOAD_SHIFT)),
      totalram: frames.pages * PAGE_SIZE,
      freeram: frames.freePages * PAGE_SIZE,
      sharedram: shared * PAGE_SIZE,
      procs: Math.min(kernel.tasks.size, 0xffff),
      mem_unit: 1,
    });
  },

  getrandom(kernel, task, address, length, flags) {
    const { GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE } = GETRANDOM.values;
    if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) !== 0) return 'EINVAL';
    if ((flags & (GRND_RANDOM | GRND_INSECURE)) === (GRND_RANDOM | GRND_INSECURE)) return 'EINVAL';
    const wanted = Math.min(length, MAX_RANDOM);
    const { progress } = task.syscall;
    let { done } = progress;
    const pause = done + BYTES_AT_A_TIME;
    while (done < wanted) {
      // Linux: a large request is cut short by a signal.
      if (done > 0 && task.signalPending) break;
      if (done >= pause) {
        progress.done = done;
        return waitOn([], 'ERESTARTSYS', nowNs(kernel));
      }
      const chunk = new Uint8Array(Math.min(wanted - done, RANDOM_CHUNK));
      kernel.ports.entropy.fill(chunk);
      if (copyToUser(kernel, task, address + done, chunk) !== 0) return done === 0 ? 'EFAULT' : done;
      done += chunk.length;
    }
    return done;
  },

  syslog: (kernel, task, action, address, length) => syslog(kernel, task, action, address, length),

  reboot(kernel, task, magic1, magic2, command) {
    if (!capable(task.cred, CAP_SYS_BOOT)) return 'EPERM';
    const { LINUX_REBOOT_MAGIC1, ...seconds } = REBOOT_MAGIC.values;
    if (magic1 >>> 0 !== LINUX_REBOOT_MAGIC1 || !(Object.values(seconds) as number[]).includes(magic2)) return 'EINVAL';
    const commands = REBOOT_COMMAND.values;
    switch (command) {
      case commands.LINUX_REBOOT_CMD_CAD_ON:
      case commands.LINUX_REBOOT_CMD_CAD_OFF:
        return 0;
      case commands.LINUX_REBOOT_CMD_RESTART:
      case commands.LINUX_REBOOT_CMD_RESTART2:
      case commands.LINUX_REBOOT_CMD_HALT:
      case commands.LINUX_REBOOT_CMD_POWER_OFF:
        haltSystem(kernel, { kind: 'power-off' });
        return 0;
      default:
        return 'EINVAL';
    }
  },

  getcpu(kernel, task, cpu, node) {
    if (cpu !== 0 && putUser32(kernel, task, cpu, 0) !== 0) return 'EFAULT';
    return node !== 0 && putUser32(kernel, task, node, 0) !== 0 ? 'EFAULT' : 0;
  },

  personality(_kernel, task, personality) {
    const old = task.personality;
    if (personality !== QUERY_PERSONALITY) task.personality = personality;
    return old;
  },

  vhangup(kernel, task) {
    if (!capable(task.cred, CAP_SYS_TTY_CONFIG)) return 'EPERM';
    const session = kernel.groups.get(groupOf(kernel, task).session);
    if (session !== undefined) hangupSession(kernel, session);
    return 0;
  },
} satisfies Handlers;

function readName(kernel: Kernel, task: Task, address: number, length: number) {
  if (!capable(task.cred, CAP_SYS_ADMIN)) return 'EPERM';
  if (length < 0 || length > NAME_LENGTH) return 'EINVAL';
  const bytes = new Uint8Array(length);
  if (copyFromUser(kernel, task, address, bytes) !== 0) return 'EFAULT';
  const end = bytes.indexOf(0);
  return { text: byteStringOf(bytes, 0, end < 0 ? length : end) };
}

function syslog(kernel: Kernel, task: Task, action: number, address: number, length: number): SyscallResult {
  const actions = SYSLOG_ACTION.values;
  const isOpen = action === actions.SYSLOG_ACTION_READ_ALL || action === actions.SYSLOG_ACTION_SIZE_BUFFER;
  if (!isOpen && !capable(task.cred, CAP_SYSLOG) && !capable(task.cred, CAP_SYS_ADMIN)) return 'EPERM';
  switch (action) {
    case actions.SYSLOG_ACTION_CLOSE:
    case actions.SYSLOG_ACTION_OPEN:
    case actions.SYSLOG_ACTION_CONSOLE_OFF:
    case actions.SYSLOG_ACTION_CONSOLE_ON:
      return 0;
    case actions.SYSLOG_ACTION_CONSOLE_LEVEL:
      return length < 1 || length > 8 ? 'EINVAL' : 0;
    case actions.SYSLOG_ACTION_SIZE_BUFFER:
      return LOG_BYTES;
    case actions.SYSLOG_ACTION_SIZE_UNREAD:
      return logText(kernel).length;
    case actions.SYSLOG_ACTION_CLEAR:
      kernel.log.length = 0;
      return 0;
    case actions.SYSLOG_ACTION_READ:
    case actions.SYSLOG_ACTION_READ_ALL:
    case actions.SYSLOG_ACTION_READ_CLEAR: {
      if (address === 0 || length < 0) return 'EINVAL';
      const text = wholeLines(logText(kernel), length);
      if (copyToUser(kernel, task, address, bytesOf(text)) !== 0) return 'EFAULT';
      if (action !== actions.SYSLOG_ACTION_READ_ALL) kernel.log.length = 0;
      return text.length;
    }
    default:
      return 'EINVAL';
  }
}

/** The log as dmesg reads it: `<6>[    1.234567] text`. */
function logText(kernel: Kernel): ByteString {
  return kernel.log
    .map(({ timeNs, level, text }) => `<${level}>[${(timeNs / 1e9).toFixed(6).padStart(12)}] ${text}\n`)
    .join('');
}

/** The last lines that fit. */
function wholeLines(text: ByteString, length: number): ByteString {
  if (text.length <= length) return text;
  const cut = text.slice(text.length - length);
  return cut.slice(cut.indexOf('\n') + 1);
}
