/**
 * /proc/meminfo and vmstat. See proc_meminfo(5), proc_vmstat(5).
 *
 * Interface: showMeminfo, showVmstat, memoryCounts.
 */
import type { ByteString } from '../../../../util/byte-string.ts';
import type { Kernel } from '../../../kernel.ts';
import { commitLimitPages, committedPages } from '../../../mm/limits.ts';
import { fsOf } from '../../../vfs/registry.ts';
import { groupUsage } from '../../../task/usage.ts';
import { kilobytes } from '../format.ts';
import type { Lines } from '../node.ts';

/** Sv39: the 64 GiB that Linux has for vmalloc. */
const VMALLOC_PAGES = 16 << 20;

interface MemoryCounts {
  readonly total: number;
  readonly free: number;
  readonly available: number;
  /** Page cache, shared memory included. */
  readonly cached: number;
  readonly shmem: number;
  readonly dirty: number;
  readonly anon: number;
  readonly mapped: number;
  readonly locked: number;
  readonly committed: number;
  readonly kernelStacks: number;
  readonly pageTables: number;
}

/** In pages. */
export function memoryCounts(kernel: Kernel): MemoryCounts {
  const { frames } = kernel;
  let shmem = 0;
  let dirty = 0;
  for (const inode of kernel.inodes.values()) {
    dirty += inode.dirty.size;
    if (inode.pages.size > 0 && fsOf(kernel, inode).readPage === undefined) shmem += inode.pages.size;
  }
  const sum = { anon: 0, mapped: 0, locked: 0 };
  for (const mm of kernel.mms.values()) {
    sum.anon += mm.rssAnon;
    sum.mapped += mm.rssFile + mm.rssShmem;
    sum.locked += mm.lockedPages;
  }
  const kernelStacks = kernel.tasks.size;
  const used = frames.pages - frames.freePages - frames.cachePages - frames.tablePages - kernelStacks;
  return {
    total: frames.pages,
    free: frames.freePages,
    available: frames.freePages + Math.max(0, frames.cachePages - shmem - dirty),
    cached: frames.cachePages,
    shmem,
    dirty,
    // Pages that a fork shares are in several address spaces, but there only once.
    anon: Math.min(sum.anon, Math.max(0, used)),
    mapped: Math.min(sum.mapped, frames.cachePages),
    locked: sum.locked,
    committed: committedPages(kernel) + shmem,
    kernelStacks,
    pageTables: frames.tablePages,
  };
}

export function showMeminfo(kernel: Kernel): Lines {
  const counts = memoryCounts(kernel);
  const file = Math.max(0, counts.cached - counts.shmem);
  const line = (name: string, pages: number): ByteString => `${`${name}:`.padEnd(16)}${kilobytes(pages, 8)} kB\n`;
  return [
    line('MemTotal', counts.total),
    line('MemFree', counts.free),
    line('MemAvailable', counts.available),
    line('Buffers', 0),
    line('Cached', counts.cached),
    line('SwapCached', 0),
    line('Active', counts.anon + file),
    line('Inactive', counts.shmem),
    line('Active(anon)', counts.anon),
    line('Inactive(anon)', counts.shmem),
    line('Active(file)', file),
    line('Inactive(file)', 0),
    line('Unevictable', counts.locked),
    line('Mlocked', counts.locked),
    line('SwapTotal', 0),
    line('SwapFree', 0),
    line('Dirty', counts.dirty),
    line('Writeback', 0),
    line('AnonPages', counts.anon),
    line('Mapped', counts.mapped),
    line('Shmem', counts.shmem),
    line('KReclaimable', 0),
    line('Slab', 0),
    line('SReclaimable', 0),
    line('SUnreclaim', 0),
    line('KernelStack', counts.kernelStacks),
    line('PageTables', counts.pageTables),
    line('SecPageTables', 0),
    line('NFS_Unstable', 0),
    line('Bounce', 0),
    line('WritebackTmp', 0),
    line('CommitLimit', commitLimitPages(kernel)),
    line('Committed_AS', counts.committed),
    line('VmallocTotal', VMALLOC_PAGES),
    line('VmallocUsed', 0),
    line('VmallocChunk', 0),
    line('Percpu', 0),
    'HugePages_Total:       0\n',
    'HugePages_Free:        0\n',
    'HugePages_Rsvd:        0\n',
    'HugePages_Surp:        0\n',
    'Hugepagesize:       2048 kB\n',
    line('Hugetlb', 0),
  ];
}

export function showVmstat(kernel: Kernel): Lines {
  const counts = memoryCounts(kernel);
  const file = Math.max(0, counts.cached - counts.shmem);
  let blocksIn = 0;
  let blocksOut = 0;
  for (const group of kernel.groups.values()) {
    const usage = groupUsage(kernel, group);
    blocksIn += usage.inBlocks;
    blocksOut += usage.outBlocks;
  }
  const values: Readonly<Record<string, number>> = {
    nr_free_pages: counts.free,
    nr_zone_inactive_anon: counts.shmem,
    nr_zone_active_anon: counts.anon,
    nr_zone_inactive_file: 0,
    nr_zone_active_file: file,
    nr_zone_unevictable: counts.locked,
    nr_zone_write_pending: counts.dirty,
    nr_mlock: counts.locked,
    nr_inactive_anon: counts.shmem,
    nr_active_anon: counts.anon,
    nr_inactive_file: 0,
    nr_active_file: file,
    nr_unevictable: counts.locked,
    nr_slab_reclaimable: 0,
    nr_slab_unreclaimable: 0,
    nr_anon_pages: counts.anon,
    nr_mapped: counts.mapped,
    nr_file_pages: counts.cached,
    nr_dirty: counts.dirty,
    nr_writeback: 0,
    nr_shmem: counts.shmem,
    nr_kernel_stack: counts.kernelStacks * 4,
    nr_page_table_pages: counts.pageTables,
    nr_swapcached: 0,
    pgpgin: Math.floor(blocksIn / 2),
    pgpgout: Math.floor(blocksOut / 2),
    pswpin: 0,
    pswpout: 0,
    pgfree: 0,
    pgfault: kernel.stats.pageFaults,
    pgmajfault: kernel.stats.majorFaults,
    oom_kill: kernel.stats.oomKills,
    thp_fault_alloc: 0,
    swap_ra: 0,
    swap_ra_hit: 0,
  };
  return Object.entries(values).map(([name, value]) => `${name} ${value}\n`);
}
