/** Ids of the kernel's records: keys into the tables of `Kernel`. Zero means none where a field says so. */
import type { Brand } from '../util/brand.ts';

export type Tid = Brand<'Tid'>;
export type MmId = Brand<'MmId'>;
export type InodeId = Brand<'InodeId'>;
export type DentryId = Brand<'DentryId'>;
export type MountId = Brand<'MountId'>;
export type SuperBlockId = Brand<'SuperBlockId'>;
export type FileId = Brand<'FileId'>;
export type FdTableId = Brand<'FdTableId'>;
export type FsContextId = Brand<'FsContextId'>;
export type SighandId = Brand<'SighandId'>;
export type WaitQueueId = Brand<'WaitQueueId'>;
export type PipeId = Brand<'PipeId'>;
export type TtyId = Brand<'TtyId'>;
export type EpollId = Brand<'EpollId'>;
export type TimerId = Brand<'TimerId'>;
/** Physical page number as page tables hold it (physical address >> 12). */
export type Pfn = Brand<'Pfn'>;
