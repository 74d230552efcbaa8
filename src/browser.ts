/**
 * Ringfence in a browser: the same core, meant for a Worker, where it may be busy without stopping the page.
 *
 * Interface: bootInBrowser, BrowserBootOptions, startStatistics, statisticsText.
 */
import { browserEventLoop } from './host/browser/event-loop.ts';
import { browserWorkshops } from './host/browser/workshop.ts';
import { hostWasm } from './host/wasm.ts';
import { createSystem, type System } from './host/system.ts';
import { MemorySource } from './image/blob.ts';
import { openImage } from './image/rfi-reader.ts';

export { statisticsText } from './debug/statistics/report.ts';
export { startStatistics, type Statistics, type StatisticsCounter } from './debug/statistics/statistics.ts';
export type { GuestProcess } from './host/guest-process.ts';
export type { System } from './host/system.ts';

export interface BrowserBootOptions {
  /** A whole image file (.rfi). */
  readonly image: Uint8Array<ArrayBuffer>;
  readonly memoryBytes?: number;
  readonly hostname?: string;
  readonly log?: (line: string) => void;
}

/** Boots a system over an image in memory; changes to its root live in memory. Throws ImageError for a damaged image. */
export function bootInBrowser(options: BrowserBootOptions): System {
  return createSystem({
    wasm: { ...hostWasm, workshop: () => browserWorkshops.get() },
    eventLoop: browserEventLoop,
    trees: [openImage(new MemorySource(options.image))],
    root: { lower: { kind: 'tree', index: 0 }, writable: 'memory', volumes: [] },
    ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
    ...(options.hostname === undefined ? {} : { hostname: options.hostname }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
}
