/**
 * prctl: settings of the thread and the process. See prctl(2), PR_SET_* pages.
 *
 * Interface: prctlCalls. An option is a row of OPTIONS; others are EINVAL, as an unknown option is.
 */
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { CAP_AMBIENT, PRCTL, PRCTL_MM, SECUREBITS } from '../../abi/flags/prctl.ts';
import { byteStringOf } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { mmOf } from '../mm/mm.ts';
import { nameAnonymous } from '../mm/name-anonymous.ts';
import type { Mm } from '../mm/types.ts';
import { copyFromUser, copyToUser, putUser32, putUser64, strncpyFromUser } from '../mm/uaccess.ts';
import { CAP_LAST_CAP, capabilityBit, capable, SECUREBIT } from '../task/cred.ts';
import { setComm } from '../task/exec-commit.ts';
import { groupOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

type Option = (kernel: Kernel, task: Task, arg2: number, arg3: number, arg4: number, arg5: number) => SyscallResult;

const { CAP_SETPCAP, CAP_SYS_RESOURCE } = CAPABILITY.values;
const COMM_BYTES = 16;
const LAST_SIGNAL = 64;
const DEFAULT_SLACK_NS = 50000;
const PR_SET_VMA_ANON_NAME = 0;
const ANON_NAME_LENGTH = 80;

const OPTIONS: Readonly<Partial<Record<keyof typeof PRCTL.values, Option>>> = {
  PR_SET_PDEATHSIG(_kernel, task, signo) {
    if (signo > LAST_SIGNAL || signo < 0) return 'EINVAL';
    task.parentDeathSignal = signo;
    return 0;
  },
  PR_GET_PDEATHSIG: (kernel, task, address) => putUser32(kernel, task, address, task.parentDeathSignal),

  PR_GET_DUMPABLE: (kernel, task) => mmOf(kernel, task).dumpable,
  PR_SET_DUMPABLE(kernel, task, value) {
    // 2 (readable by root only) can be set by the kernel alone.
    if (value !== 0 && value !== 1) return 'EINVAL';
    mmOf(kernel, task).dumpable = value;
    task.dumpable = value;
    return 0;
  },

  PR_GET_KEEPCAPS: (_kernel, task) => ((task.cred.securebits & SECUREBIT.keepCaps) !== 0 ? 1 : 0),
  PR_SET_KEEPCAPS(_kernel, task, value) {
    if (value > 1 || value < 0) return 'EINVAL';
    const { securebits } = task.cred;
    if ((securebits & (SECUREBIT.keepCaps << 1)) !== 0) return 'EPERM';
    const changed = value === 1 ? securebits | SECUREBIT.keepCaps : securebits & ~SECUREBIT.keepCaps;
    task.cred = { ...task.cred, securebits: changed };
    return 0;
  },

  PR_SET_NAME(kernel, task, address) {
    const name = strncpyFromUser(kernel, task, address, COMM_BYTES);
    if (name === 'ENAMETOOLONG') return setLongName(kernel, task, address);
    if (typeof name === 'string') return name;
    setComm(task, name.bytes);
    return 0;
  },
  PR_GET_NAME(kernel, task, address) {
    const bytes = new Uint8Array(COMM_BYTES);
    for (let i = 0; i < task.comm.length; i++) bytes[i] = task.comm.charCodeAt(i);
    return copyToUser(kernel, task, address, bytes);
  },

  PR_CAPBSET_READ(_kernel, task, cap) {
    if (cap < 0 || cap > CAP_LAST_CAP) return 'EINVAL';
    return (task.cred.capBounding & capabilityBit(cap)) === 0n ? 0 : 1;
  },
  PR_CAPBSET_DROP(_kernel, task, cap) {
    if (!capable(task.cred, CAP_SETPCAP)) return 'EPERM';
    if (cap < 0 || cap > CAP_LAST_CAP) return 'EINVAL';
    task.cred = { ...task.cred, capBounding: task.cred.capBounding & ~capabilityBit(cap) };
    return 0;
  },
  PR_CAP_AMBIENT: (_kernel, task, operation, cap, arg4, arg5) => ambient(task, operation, cap, arg4, arg5),

  PR_GET_SECUREBITS: (_kernel, task) => task.cred.securebits,
  PR_SET_SECUREBITS(_kernel, task, bits) {
    const old = task.cred.securebits;
    const locks = Object.values(SECUREBITS.values).reduce((all, bit) => all | bit, 0) & 0xaa;
    const locked = (old & locks) >> 1;
    const changesLocked = (locked & (old ^ bits)) !== 0 || (old & locks & ~bits) !== 0;
    const known = locks | (locks >> 1);
    if (changesLocked || bits < 0 || bits > known || (bits & ~known) !== 0 || !capable(task.cred, CAP_SETPCAP))
      return 'EPERM';
    task.cred = { ...task.cred, securebits: bits };
    return 0;
  },

  PR_GET_TIMERSLACK: (_kernel, task) => task.timerSlackNs,
  PR_SET_TIMERSLACK(_kernel, task, ns) {
    task.timerSlackNs = ns <= 0 ? DEFAULT_SLACK_NS : ns;
    return 0;
  },

  PR_SET_NO_NEW_PRIVS(_kernel, task, value, arg3, arg4, arg5) {
    if (value !== 1 || arg3 !== 0 || arg4 !== 0 || arg5 !== 0) return 'EINVAL';
    task.noNewPrivs = true;
    return 0;
  },
  PR_GET_NO_NEW_PRIVS(_kernel, task, arg2, arg3, arg4, arg5) {
    return arg2 !== 0 || arg3 !== 0 || arg4 !== 0 || arg5 !== 0 ? 'EINVAL' : task.noNewPrivs ? 1 : 0;
  },

  PR_SET_CHILD_SUBREAPER(kernel, task, value) {
    const group = groupOf(kernel, task);
    group.childSubreaper = value !== 0;
    if (value !== 0) markDescendants(kernel, group.children);
    return 0;
  },
  PR_GET_CHILD_SUBREAPER: (kernel, task, address) =>
    putUser32(kernel, task, address, groupOf(kernel, task).childSubreaper ? 1 : 0),

  PR_GET_TID_ADDRESS: (kernel, task, address) => putUser64(kernel, task, address, task.clearChildTid),
  // Huge pages are not there: only the setting is kept.
  PR_GET_THP_DISABLE(kernel, task, arg2, arg3, arg4, arg5) {
    return arg2 || arg3 || arg4 || arg5 ? 'EINVAL' : mmOf(kernel, task).thpDisabled ? 1 : 0;
  },
  PR_SET_THP_DISABLE(kernel, task, value, arg3, arg4, arg5) {
    if (arg3 || arg4 || arg5) return 'EINVAL';
    mmOf(kernel, task).thpDisabled = value !== 0;
    return 0;
  },
  PR_GET_TIMING: () => 0,
  PR_SET_TIMING: (_kernel, _task, value) => (value === 0 ? 0 : 'EINVAL'),
  PR_GET_SECCOMP: () => 0,

  PR_SET_MM: (kernel, task, what, value, arg4, arg5) => setMmField(kernel, task, what, value, arg4, arg5),
  PR_SET_VMA(kernel, task, what, address, length, nameAddress) {
    if (what !== PR_SET_VMA_ANON_NAME) return 'EINVAL';
    let name = '';
    if (nameAddress !== 0) {
      const text = strncpyFromUser(kernel, task, nameAddress, ANON_NAME_LENGTH);
      if (typeof text === 'string') return text === 'ENAMETOOLONG' ? 'EINVAL' : text;
      if (!/^[ -~]*$/.test(text.bytes) || /[\\`$[\]]/.test(text.bytes)) return 'EINVAL';
      name = `[anon:${text.bytes}]`;
    }
    return nameAnonymous(kernel, mmOf(kernel, task), address, length, name);
  },
};

const BY_NUMBER: ReadonlyMap<number, Option> = new Map(
  Object.entries(OPTIONS).map(([name, option]) => [PRCTL.values[name as keyof typeof PRCTL.values], option]),
);

export const prctlCalls = {
  prctl: (kernel, task, option, arg2, arg3, arg4, arg5) =>
    BY_NUMBER.get(option)?.(kernel, task, arg2, arg3, arg4, arg5) ?? 'EINVAL',
} satisfies Handlers;

/** A name that does not fit is cut off at 15 bytes. */
function setLongName(kernel: Kernel, task: Task, address: number): SyscallResult {
  const bytes = new Uint8Array(COMM_BYTES - 1);
  if (copyFromUser(kernel, task, address, bytes) !== 0) return 'EFAULT';
  setComm(task, byteStringOf(bytes));
  return 0;
}

function ambient(task: Task, operation: number, cap: number, arg4: number, arg5: number): SyscallResult {
  const { PR_CAP_AMBIENT_IS_SET, PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_LOWER, PR_CAP_AMBIENT_CLEAR_ALL } =
    CAP_AMBIENT.values;
  const { cred } = task;
  if (operation === PR_CAP_AMBIENT_CLEAR_ALL) {
    if (cap !== 0 || arg4 !== 0 || arg5 !== 0) return 'EINVAL';
    task.cred = { ...cred, capAmbient: 0n };
    return 0;
  }
  if (cap < 0 || cap > CAP_LAST_CAP || arg4 !== 0 || arg5 !== 0) return 'EINVAL';
  const bit = capabilityBit(cap);
  switch (operation) {
    case PR_CAP_AMBIENT_IS_SET:
      return (cred.capAmbient & bit) === 0n ? 0 : 1;
    case PR_CAP_AMBIENT_RAISE: {
      const isHeld = (cred.capPermitted & cred.capInheritable & bit) !== 0n;
      if (!isHeld || (cred.securebits & SECUREBIT.noCapAmbientRaise) !== 0) return 'EPERM';
      task.cred = { ...cred, capAmbient: cred.capAmbient | bit };
      return 0;
    }
    case PR_CAP_AMBIENT_LOWER:
      task.cred = { ...cred, capAmbient: cred.capAmbient & ~bit };
      return 0;
    default:
      return 'EINVAL';
  }
}

/** So that an orphan looks for a subreaper only where there may be one. */
function markDescendants(kernel: Kernel, children: readonly number[]): void {
  for (const tgid of children) {
    const group = kernel.groups.get(tgid);
    if (group === undefined || group.hasChildSubreaper) continue;
    group.hasChildSubreaper = true;
    markDescendants(kernel, group.children);
  }
}

const MM_FIELDS: ReadonlyMap<number, keyof Mm & ('startCode' | 'endCode' | 'startData' | 'endData' | MmTextField)> =
  new Map([
    [PRCTL_MM.values.PR_SET_MM_START_CODE, 'startCode'],
    [PRCTL_MM.values.PR_SET_MM_END_CODE, 'endCode'],
    [PRCTL_MM.values.PR_SET_MM_START_DATA, 'startData'],
    [PRCTL_MM.values.PR_SET_MM_END_DATA, 'endData'],
    [PRCTL_MM.values.PR_SET_MM_START_STACK, 'startStack'],
    [PRCTL_MM.values.PR_SET_MM_ARG_START, 'argStart'],
    [PRCTL_MM.values.PR_SET_MM_ARG_END, 'argEnd'],
    [PRCTL_MM.values.PR_SET_MM_ENV_START, 'envStart'],
    [PRCTL_MM.values.PR_SET_MM_ENV_END, 'envEnd'],
  ]);
type MmTextField = 'startStack' | 'argStart' | 'argEnd' | 'envStart' | 'envEnd';

/** The bounds that /proc shows. The heap, the auxiliary vector and the program file cannot be changed here. */
function setMmField(
  kernel: Kernel,
  task: Task,
  what: number,
  value: number,
  arg4: number,
  arg5: number,
): SyscallResult {
  if (arg5 !== 0 || arg4 !== 0) return 'EINVAL';
  if (!capable(task.cred, CAP_SYS_RESOURCE)) return 'EPERM';
  const field = MM_FIELDS.get(what);
  const mm = mmOf(kernel, task);
  if (field === undefined || value < 65536 || value >= mm.taskSize) return 'EINVAL';
  if (!mm.vmas.some((vma) => vma.start <= value && value < vma.end)) return 'EINVAL';
  mm[field] = value;
  return 0;
}
