/**
 * How much a kernel holds, for comparing before and after. Interface: tableSizes, TableSizes, settle.
 * Leaks show as differences: what processes made is gone with them.
 */
import type { System } from '../../src/index.ts';
import { runGuest } from '../support/guest.ts';

export type TableSizes = Readonly<Record<string, number>>;

/** Sizes of all tables of kernel state that grow and shrink, and the free frames. */
export function tableSizes({ kernel }: System): TableSizes {
  const {
    tasks,
    groups,
    mms,
    fdTables,
    fsContexts,
    sighands,
    inodes,
    dentries,
    mounts,
    superBlocks,
    files,
    pipes,
    epolls,
    ttys,
    waitQueues,
  } = kernel;
  const tables = {
    tasks,
    groups,
    mms,
    fdTables,
    fsContexts,
    sighands,
    inodes,
    dentries,
    mounts,
    superBlocks,
    files,
    pipes,
    epolls,
    ttys,
    waitQueues,
  };
  const sizes = Object.fromEntries(
    Object.entries(tables).map(([name, table]) => [name, (table as { size: number }).size]),
  );
  // An inode keeps the queue that the first wait for a lock on it made, as long as it lives.
  const lockQueues = [...inodes.values()].filter((inode) => inode.lockQueue !== 0).length;
  return {
    ...sizes,
    waitQueues: waitQueues.size - lockQueues,
    futexes: kernel.futexes.waiters.size,
    timers: kernel.timers.live.size,
    ready: kernel.runQueue.fair.length,
    freeFrames: kernel.frames.freePages,
  };
}

/** Gives back what is kept only as a cache, by the same steps each time, so that sizes can be compared. */
export async function settle(system: System): Promise<TableSizes> {
  for (let i = 0; i < 2; i++) {
    const { exit, stderr } = await runGuest(system, [
      'bash',
      '-c',
      'kill -9 -1; sleep 0.05; rm -rf /tmp/fuzz; echo 3 > /proc/sys/vm/drop_caches; ls /',
    ]);
    if (exit.exitCode !== 0) throw new Error(`cleaning up failed with ${exit.exitCode}: ${stderr}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  return tableSizes(system);
}
