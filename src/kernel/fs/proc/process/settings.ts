/**
 * Small files of a process, some of which can be written: comm, oom_score_adj, timerslack_ns, wchan, syscall and their like.
 * See the proc_pid_* pages of section 5.
 *
 * Interface: showComm, writeComm, showOomScore, showOomAdj, writeOomAdj, showOomScoreAdj, writeOomScoreAdj, showTimerslack,
 * writeTimerslack, showWchan, showSyscall, showPersonality, writeClearRefs, showLoginUid, writeLoginUid, showSessionId,
 * showCoreDumpFilter, writeCoreDumpFilter.
 */
import { CAPABILITY } from '../../../../abi/flags/capability.ts';
import type { Errno } from '../../../../abi/errno.ts';
import type { ByteString } from '../../../../util/byte-string.ts';
import { instructionPointer, stackPointer } from '../../../arch/arch.ts';
import { A0, reg } from '../../../arch/riscv64/trap-frame.ts';
import type { Kernel } from '../../../kernel.ts';
import { badness } from '../../../mm/oom.ts';
import { capable } from '../../../task/cred.ts';
import { setComm } from '../../../task/exec-commit.ts';
import { UNSET_AUDIT_ID } from '../../../task/task.ts';
import type { Task } from '../../../task/types.ts';
import { mayInspect } from '../../../task/access.ts';
import { escapeName, hex } from '../format.ts';
import type { Lines, Target } from '../node.ts';
import { parseInteger } from '../parse.ts';
import { isAsleep } from './stat.ts';
import { syscallName } from '../../../../abi/syscalls.ts';

const { CAP_SYS_RESOURCE, CAP_SYS_NICE, CAP_AUDIT_CONTROL } = CAPABILITY.values;
const OOM_ADJ_DISABLE = -17;
const OOM_ADJ_MAX = 15;
const OOM_SCORE_ADJ_MIN = -1000;
const OOM_SCORE_ADJ_MAX = 1000;
const DEFAULT_SLACK_NS = 50_000;
const CORE_DUMP_BITS = 0x1ff;

export function showComm(_kernel: Kernel, { task }: Target): Lines {
  return [`${escapeName(task.comm, '\n\\')}\n`];
}

/** Linux: only a thread of the process itself may rename it. */
export function writeComm(_kernel: Kernel, { task }: Target, writer: Task, text: ByteString): 0 | 'EINVAL' {
  if (writer.tgid !== task.tgid) return 'EINVAL';
  const end = text.search(/[\0\n]/);
  setComm(task, end < 0 ? text : text.slice(0, end));
  return 0;
}

export function showOomScore(kernel: Kernel, { group, task }: Target): Lines {
  if (task.oomScoreAdj === OOM_SCORE_ADJ_MIN) return ['0\n'];
  const points = (badness(kernel, group) * 1000) / kernel.frames.pages;
  return [`${Math.max(0, Math.trunc(((1000 + Math.trunc(points)) * 2) / 3))}\n`];
}

export function showOomScoreAdj(_kernel: Kernel, { task }: Target): Lines {
  return [`${task.oomScoreAdj}\n`];
}

export function writeOomScoreAdj(kernel: Kernel, target: Target, writer: Task, text: ByteString): 0 | Errno {
  const value = parseInteger(text);
  if (value === undefined || value < OOM_SCORE_ADJ_MIN || value > OOM_SCORE_ADJ_MAX) return 'EINVAL';
  return setOomScoreAdj(kernel, target, writer, value);
}

/** The old scale, -17 … 15. */
export function showOomAdj(_kernel: Kernel, { task }: Target): Lines {
  if (task.oomScoreAdj === OOM_SCORE_ADJ_MAX) return [`${OOM_ADJ_MAX}\n`];
  return [`${Math.trunc((task.oomScoreAdj * -OOM_ADJ_DISABLE) / OOM_SCORE_ADJ_MAX)}\n`];
}

export function writeOomAdj(kernel: Kernel, target: Target, writer: Task, text: ByteString): 0 | Errno {
  const value = parseInteger(text);
  if (value === undefined || value < OOM_ADJ_DISABLE || value > OOM_ADJ_MAX) return 'EINVAL';
  const scaled = value === OOM_ADJ_MAX ? OOM_SCORE_ADJ_MAX : Math.trunc((value * OOM_SCORE_ADJ_MAX) / -OOM_ADJ_DISABLE);
  return setOomScoreAdj(kernel, target, writer, scaled);
}

/** All threads of the process have the same. Lowering it takes CAP_SYS_RESOURCE. */
function setOomScoreAdj(kernel: Kernel, { group, task }: Target, writer: Task, value: number): 0 | 'EACCES' {
  if (value < task.oomScoreAdj && !capable(writer.cred, CAP_SYS_RESOURCE)) return 'EACCES';
  for (const tid of group.threads) {
    const thread = kernel.tasks.get(tid);
    if (thread !== undefined) thread.oomScoreAdj = value;
  }
  return 0;
}

export function showTimerslack(_kernel: Kernel, { task }: Target, reader: Task): Lines | 'EPERM' {
  if (reader !== task && !capable(reader.cred, CAP_SYS_NICE)) return 'EPERM';
  return [`${task.timerSlackNs}\n`];
}

export function writeTimerslack(_kernel: Kernel, { task }: Target, writer: Task, text: ByteString): 0 | Errno {
  const value = parseInteger(text);
  if (value === undefined || value < 0) return 'EINVAL';
  if (writer !== task && !capable(writer.cred, CAP_SYS_NICE)) return 'EPERM';
  task.timerSlackNs = value === 0 ? DEFAULT_SLACK_NS : value;
  return 0;
}

/** The call that it sleeps in stands for the kernel function, which programs only print. */
export function showWchan(kernel: Kernel, { task }: Target, reader: Task): Lines {
  const isShown = isAsleep(task) && task.syscall.isActive && mayInspect(kernel, reader, task, 'files');
  const name = isShown ? syscallName(task.syscall.number) : undefined;
  return [name === undefined ? '0' : `__riscv_sys_${name}`];
}

export function showSyscall(kernel: Kernel, { task }: Target, reader: Task): Lines | 'EPERM' {
  if (!mayInspect(kernel, reader, task, 'files')) return 'EPERM';
  if (!isAsleep(task) || task.trapFrame === 0) return ['running\n'];
  const where = `0x${hex(stackPointer(kernel, task), 0)} 0x${hex(instructionPointer(kernel, task), 0)}\n`;
  if (!task.syscall.isActive) return [`-1 ${where}`];
  const args = Array.from({ length: 6 }, (_, i) => `0x${hex(reg(kernel, task, A0 + i), 0)}`);
  return [`${task.syscall.number} ${args.join(' ')} ${where}`];
}

export function showPersonality(_kernel: Kernel, { task }: Target): Lines {
  return [`${hex(task.personality)}\n`];
}

export function showLoginUid(_kernel: Kernel, { task }: Target): Lines {
  return [String(task.loginUid)];
}

export function showSessionId(_kernel: Kernel, { task }: Target): Lines {
  return [String(task.auditSession)];
}

/** A task sets its own; once it is set, only with CAP_AUDIT_CONTROL. Each login is a new session. */
export function writeLoginUid(kernel: Kernel, { task }: Target, writer: Task, text: ByteString): 0 | Errno {
  const value = parseInteger(text);
  if (writer !== task) return 'EPERM';
  if (value === undefined || value < -1 || value > UNSET_AUDIT_ID) return 'EINVAL';
  const isSet = task.loginUid !== UNSET_AUDIT_ID;
  if (isSet && !capable(writer.cred, CAP_AUDIT_CONTROL)) return 'EPERM';
  task.loginUid = value >>> 0;
  if (task.loginUid === UNSET_AUDIT_ID) {
    task.auditSession = UNSET_AUDIT_ID;
    return 0;
  }
  let last = 0;
  for (const { auditSession } of kernel.tasks.values()) {
    if (auditSession !== UNSET_AUDIT_ID) last = Math.max(last, auditSession);
  }
  task.auditSession = last + 1;
  return 0;
}

export function showCoreDumpFilter(kernel: Kernel, { task }: Target): Lines {
  const mm = kernel.mms.get(task.mm);
  return mm === undefined ? [] : [`${hex(mm.coreDumpFilter)}\n`];
}

export function writeCoreDumpFilter(kernel: Kernel, { task }: Target, _writer: Task, text: ByteString): 0 | Errno {
  const value = parseInteger(text);
  const mm = kernel.mms.get(task.mm);
  if (value === undefined || value < 0) return 'EINVAL';
  if (mm === undefined) return 'ESRCH';
  mm.coreDumpFilter = value & CORE_DUMP_BITS;
  return 0;
}

/** 1 … 4 clear marks that this kernel gives nobody to read; 5 resets the peak of the resident set. */
export function writeClearRefs(kernel: Kernel, { task }: Target, _writer: Task, text: ByteString): 0 | 'EINVAL' {
  const value = parseInteger(text);
  if (value === undefined || value < 1 || value > 5) return 'EINVAL';
  const mm = kernel.mms.get(task.mm);
  if (value === 5 && mm !== undefined) mm.peakRss = 0;
  return 0;
}
