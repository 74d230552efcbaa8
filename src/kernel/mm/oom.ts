/**
 * Out of memory: chooses a process, kills it and takes its memory at once. See Linux's mm/oom_kill.c and proc(5), oom_score.
 *
 * Interface: killForMemory, badness.
 * A killed process never returns to user mode, so that its private pages can be given back before it has run its exit (Linux: the oom
 * reaper). What it holds besides comes back when it exits.
 */
import type { Kernel } from '../kernel.ts';
import { logLine } from '../log.ts';
import { sendToGroup } from '../signal/send.ts';
import type { Task, ThreadGroup } from '../task/types.ts';
import { zapPages } from './page-range.ts';
import { residentPages } from './rss.ts';
import type { Mm } from './types.ts';

const SIGKILL = 9;
const SI_KERNEL = 0x80;
/** OOM_SCORE_ADJ_MIN: never killed. */
const NEVER = -1000;

/** Kills the process whose death frees most. Gives its mm, or null if there is none left to kill. */
export function killForMemory(kernel: Kernel): Mm | null {
  let chosen: ThreadGroup | null = null;
  let chosenTask: Task | null = null;
  let most = 0;
  for (const group of kernel.groups.values()) {
    const task = memoryTask(kernel, group);
    if (task === null || kernel.mms.get(task.mm)!.oomReaped) continue;
    const points = badness(kernel, group);
    if (points <= most) continue;
    most = points;
    chosen = group;
    chosenTask = task;
  }
  if (chosen === null || chosenTask === null) return null;
  const mm = kernel.mms.get(chosenTask.mm)!;
  report(kernel, chosen, chosenTask, mm);
  kernel.stats.oomKills++;
  kernel.limitHits.set('memory', (kernel.limitHits.get('memory') ?? 0) + 1);
  mm.oomReaped = true;
  for (const group of kernel.groups.values()) {
    if (memoryTask(kernel, group)?.mm !== chosenTask.mm) continue;
    const hosted = kernel.hostProcesses.get(group.tgid);
    if (hosted !== undefined) hosted.outOfMemory = true;
    sendToGroup(kernel, group, { signo: SIGKILL, errno: 0, code: SI_KERNEL });
  }
  reap(kernel, mm);
  return mm;
}

/** Pages that killing the process would free, shifted by its oom_score_adj; 0 or less: not to be killed. */
export function badness(kernel: Kernel, group: ThreadGroup): number {
  const task = memoryTask(kernel, group);
  if (task === null || group.unkillable || task.oomScoreAdj === NEVER) return 0;
  const mm = kernel.mms.get(task.mm)!;
  const pages = residentPages(mm) + mm.pageTablePages;
  return Math.max(1, pages + (task.oomScoreAdj * kernel.frames.pages) / 1000);
}

/** A thread of the group that still has its memory. */
function memoryTask(kernel: Kernel, group: ThreadGroup): Task | null {
  for (const tid of group.threads) {
    const task = kernel.tasks.get(tid);
    if (task !== undefined && task.mm !== 0) return task;
  }
  return null;
}

function reap(kernel: Kernel, mm: Mm): void {
  for (const vma of mm.vmas) {
    if (!vma.shared) zapPages(kernel, mm, vma, vma.start / 4096, vma.end / 4096);
  }
}

function report(kernel: Kernel, group: ThreadGroup, task: Task, mm: Mm): void {
  const kib = (pages: number) => `${pages * 4}kB`;
  logLine(
    kernel,
    3,
    `Out of memory: Killed process ${group.tgid} (${task.comm}) total-vm:${kib(mm.totalPages)}, anon-rss:${kib(mm.rssAnon)}, ` +
      `file-rss:${kib(mm.rssFile)}, shmem-rss:${kib(mm.rssShmem)}, UID:${task.cred.uid} pgtables:${kib(mm.pageTablePages)} ` +
      `oom_score_adj:${task.oomScoreAdj}`,
  );
}
