/** All trees of generated files, by name. Interface: TREES, TreeName. */
import { SYSFS_ROOT } from '../sysfs/tree.ts';
import { flatten, type Node } from './node.ts';
import { PROCESS_ROOT, THREAD_ROOT } from './process/tree.ts';
import { SYSTEM_ROOT } from './system/tree.ts';

/** 'system' is what stands in /proc itself, 'process' in /proc/PID, 'thread' in /proc/PID/task/TID. */
export type TreeName = 'system' | 'process' | 'thread' | 'sysfs';

/** The subject of a tree is known where its nodes are called: Target or, for the system's, null. */
export const TREES: Readonly<Record<TreeName, ReadonlyMap<string, Node<unknown>>>> = {
  system: flatten(SYSTEM_ROOT) as ReadonlyMap<string, Node<unknown>>,
  process: flatten(PROCESS_ROOT) as ReadonlyMap<string, Node<unknown>>,
  thread: flatten(THREAD_ROOT) as ReadonlyMap<string, Node<unknown>>,
  sysfs: flatten(SYSFS_ROOT) as ReadonlyMap<string, Node<unknown>>,
};
