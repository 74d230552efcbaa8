/** For tests: a code store in memory, from which all comes as from a file. Interface: memoryStore, MemoryStore. */
import type { CodeStore } from '../machine/machine.ts';

type Page = Parameters<CodeStore['save']>[1];

export interface MemoryStore extends CodeStore {
  readonly pages: Map<string, Page>;
}

export function memoryStore(): MemoryStore {
  const pages = new Map<string, Page>();
  return {
    pages,
    load: (name) => {
      const page = pages.get(name);
      return page && structuredClone(page);
    },
    save: (name, page) => void pages.set(name, structuredClone(page)),
  };
}
