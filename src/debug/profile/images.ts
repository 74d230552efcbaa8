/**
 * What is mapped where in the guest: from an address in a process to a place in a file, and from there to names and frame rules.
 *
 * Interface: createImages, Images, Image, Place.
 * An image is a file (by inode), or memory that has no file (by the name of its mapping). Files are read when they are first met, as later
 * they may be gone.
 */
import type { Kernel } from '../../kernel/kernel.ts';
import { vmaAt } from '../../kernel/mm/vma.ts';
import type { Mm, Vma } from '../../kernel/mm/types.ts';
import type { Task } from '../../kernel/task/types.ts';
import { pathName } from '../../kernel/vfs/path-name.ts';
import { toUtf8 } from '../../util/byte-string.ts';
import { readEhFrame, type EhFrame, type FrameRule } from './eh-frame.ts';
import { openElf, type ElfImage, type Segment } from './elf-image.ts';
import { fileReader, memoryReader } from './guest-file.ts';
import { ruleFromCode } from './prologue.ts';

export interface Image {
  readonly index: number;
  /** Path in the guest, or the mapping's name in brackets. */
  readonly path: string;
  readonly buildId: string;
  readonly segments: readonly Segment[];
  /** The name of the function at `address`; what has none is named after the image. `start` is where it begins. */
  functionAt(address: number): { readonly name: string; readonly start: number };
  /** How to find the caller of the code at `address`. */
  ruleAt(address: number): FrameRule | undefined;
}

/** Addresses are the ELF file's own where there is one, else the process's. */
export interface Place {
  readonly image: Image;
  readonly address: number;
}

export interface Images {
  readonly all: readonly Image[];
  /** Undefined: there is no code at `address`. */
  locate(task: Task, mm: Mm, address: number): Place | undefined;
}

const PROT_EXEC = 4;
/** A function of which more lies before an instruction is not read for its frame. */
const MAX_PROLOGUE_BYTES = 16384;

export function createImages(kernel: Kernel): Images {
  const all: Image[] = [];
  const byKey = new Map<number | string, MappedImage>();
  const imageOf = (task: Task, mm: Mm, vma: Vma): MappedImage => {
    const key = vma.inode === 0 ? vma.name : vma.inode;
    let image = byKey.get(key);
    if (image === undefined) {
      byKey.set(key, (image = new MappedImage(all.length, pathOf(kernel, task, vma), elfOf(kernel, mm, vma))));
      all.push(image);
    }
    return image;
  };
  return {
    all,
    locate(task, mm, address) {
      const vma = vmaAt(mm, address);
      if (vma === undefined || (vma.prot & PROT_EXEC) === 0) return undefined;
      const image = imageOf(task, mm, vma);
      const offset = address - vma.start + vma.offset;
      return { image, address: image.elf === null ? address : image.elf.addressOf(offset) };
    },
  };
}

function pathOf(kernel: Kernel, task: Task, vma: Vma): string {
  const path = kernel.files.get(vma.file)?.path ?? null;
  if (path !== null) return toUtf8(pathName(kernel, task, path).path);
  return vma.name === '' ? '[anonymous]' : toUtf8(vma.name);
}

/** The vDSO is an ELF file in memory. */
function elfOf(kernel: Kernel, mm: Mm, vma: Vma): ElfImage | null {
  const inode = kernel.inodes.get(vma.inode);
  const read = inode === undefined ? memoryReader(kernel, mm, vma.start) : fileReader(kernel, inode);
  return orNull(() => openElf(read));
}

class MappedImage implements Image {
  readonly index: number;
  readonly path: string;
  readonly elf: ElfImage | null;
  readonly #frames: EhFrame | null;
  /** Rules that were looked up before, by address; null: there is none. */
  readonly #rules = new Map<number, FrameRule | null>();

  constructor(index: number, path: string, elf: ElfImage | null) {
    this.index = index;
    this.path = path;
    this.elf = elf;
    this.#frames = orNull(() => {
      const section = elf?.section('.eh_frame') ?? null;
      return section === null ? null : readEhFrame(section);
    });
  }

  get buildId(): string {
    return this.elf?.buildId ?? '';
  }

  get segments(): readonly Segment[] {
    return this.elf?.segments ?? [];
  }

  functionAt(address: number): { name: string; start: number } {
    const symbol = this.elf?.symbols.at(address);
    const start = this.#frames?.functionAt(address);
    // A symbol without a size ends where something else begins.
    if (symbol !== undefined && (symbol.size > 0 || start === undefined || start <= symbol.address))
      return { name: symbol.name, start: symbol.address };
    const at = start ?? address;
    return { name: `${this.path.slice(this.path.lastIndexOf('/') + 1)}+0x${at.toString(16)}`, start: at };
  }

  ruleAt(address: number): FrameRule | undefined {
    let rule = this.#rules.get(address);
    if (rule === undefined) {
      rule = orNull(() => this.#frames?.ruleAt(address)) ?? this.#ruleFromCode(address) ?? null;
      this.#rules.set(address, rule);
    }
    return rule ?? undefined;
  }

  #ruleFromCode(address: number): FrameRule | undefined {
    const start = this.elf?.symbols.at(address)?.address ?? address;
    const length = address - start;
    if (length === 0 || length > MAX_PROLOGUE_BYTES) return undefined;
    const code = this.elf?.code(start, length + 4) ?? null;
    return code === null ? undefined : ruleFromCode(code, length);
  }
}

/** Of a damaged file nothing is known; the guest goes on as if nobody had looked. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
