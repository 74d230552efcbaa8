/**
 * What a profile needs of an ELF file: where its segments lie, its symbols, its sections by name, its build id.
 *
 * Interface: openElf, ElfImage, Segment.
 * Anything may be wrong with a guest's file: what cannot be read is taken as not there. Little-endian ELF64 only. See elf(5).
 */
import {
  ELF64_EHDR,
  ELF64_PHDR,
  ELF64_SHDR,
  ELFCLASS64,
  ELFDATA2LSB,
  ELFMAG,
  EI_CLASS,
  EI_DATA,
  PF_X,
  PT_LOAD,
  SHT_DYNSYM,
  SHT_NOBITS,
  SHT_SYMTAB,
} from '../../abi/elf.ts';
import { decodeStruct, layoutOf, type StructDef, type ValuesOf } from '../../abi/struct.ts';
import type { ReadBytes } from './guest-file.ts';
import { readSymbols, stringAt, type SymbolTable } from './symbols.ts';

export interface ElfImage {
  readonly segments: readonly Segment[];
  readonly symbols: SymbolTable;
  /** Lower-case hexadecimal; empty: it has none. */
  readonly buildId: string;
  /** Section contents and the address at which they are loaded, or null. */
  section(name: string): { readonly bytes: Uint8Array; readonly address: number } | null;
  /** `length` bytes of the loaded program at `address`, or null. */
  code(address: number, length: number): Uint8Array | null;
  /** The address, as the ELF file counts, of what lies at `offset` in the file; -1: no segment has it. */
  addressOf(offset: number): number;
}

/** A PT_LOAD segment. Addresses are the file's own. */
export interface Segment {
  readonly address: number;
  readonly offset: number;
  /** Bytes in the file. */
  readonly size: number;
  readonly isCode: boolean;
}

type Section = ValuesOf<typeof ELF64_SHDR>;

const PAGE_BYTES = 4096;
const MAX_HEADERS = 4096;
/** Owner "GNU", type NT_GNU_BUILD_ID: the id follows. */
const BUILD_ID_HEADER_BYTES = 16;

/** Null: it is no ELF64 file. */
export function openElf(read: ReadBytes): ElfImage | null {
  const header = readOne(read, ELF64_EHDR, 0);
  if (header === null || !isElf64(header.e_ident)) return null;
  const segments = readMany(read, ELF64_PHDR, header.e_phoff, header.e_phnum)
    .filter(({ p_type }) => p_type === PT_LOAD)
    .map(({ p_vaddr, p_offset, p_filesz, p_flags }) => ({
      address: p_vaddr,
      offset: p_offset,
      size: p_filesz,
      isCode: (p_flags & PF_X) !== 0,
    }));
  const sections = readMany(read, ELF64_SHDR, header.e_shoff, header.e_shnum);
  const names = contents(read, sections[header.e_shstrndx]);
  const find = (name: string): Section | undefined =>
    sections.find(({ sh_name }) => names !== null && stringAt(names, sh_name) === name);
  return {
    segments,
    symbols: readSymbols(symbolSources(read, sections)),
    buildId: hex(contents(read, find('.note.gnu.build-id'))?.subarray(BUILD_ID_HEADER_BYTES)),
    section(name) {
      const section = find(name);
      const bytes = contents(read, section);
      return section === undefined || bytes === null ? null : { bytes, address: section.sh_addr };
    },
    code(address, length) {
      const segment = segments.find((one) => address >= one.address && address + length <= one.address + one.size);
      return segment === undefined ? null : read(address - segment.address + segment.offset, length);
    },
    addressOf(offset) {
      const holds = (segment: Segment): boolean => offset >= segment.offset && offset < segment.offset + segment.size;
      // Mappings are whole pages, so that a page may be seen through either of two segments: code is what is asked for.
      const near = ({ offset: from, size }: Segment): boolean =>
        offset >= from - (from % PAGE_BYTES) && offset < Math.ceil((from + size) / PAGE_BYTES) * PAGE_BYTES;
      const segment = segments.find((one) => one.isCode && holds(one)) ?? segments.find(holds) ?? segments.find(near);
      return segment === undefined ? -1 : offset - segment.offset + segment.address;
    },
  };
}

function isElf64(ident: Uint8Array): boolean {
  return (
    ELFMAG.every((byte, i) => ident[i] === byte) && ident[EI_CLASS] === ELFCLASS64 && ident[EI_DATA] === ELFDATA2LSB
  );
}

/** The symbols and their names, of .symtab where it is there, else of .dynsym. */
function symbolSources(
  read: ReadBytes,
  sections: readonly Section[],
): { symbols: Uint8Array; names: Uint8Array } | null {
  for (const type of [SHT_SYMTAB, SHT_DYNSYM]) {
    const table = sections.find(({ sh_type }) => sh_type === type);
    const symbols = contents(read, table);
    const names = contents(read, table && sections[table.sh_link]);
    if (symbols !== null && names !== null) return { symbols, names };
  }
  return null;
}

function contents(read: ReadBytes, section: Section | undefined): Uint8Array | null {
  if (section === undefined || section.sh_type === SHT_NOBITS) return null;
  return read(section.sh_offset, section.sh_size);
}

function readOne<S extends StructDef>(read: ReadBytes, struct: S, offset: number): ValuesOf<S> | null {
  const layout = layoutOf(struct, 'riscv64');
  const bytes = read(offset, layout.size);
  return bytes === null ? null : (decodeStruct(layout, bytes) as ValuesOf<S>);
}

function readMany<S extends StructDef>(read: ReadBytes, struct: S, offset: number, count: number): ValuesOf<S>[] {
  const { size } = layoutOf(struct, 'riscv64');
  const found: ValuesOf<S>[] = [];
  for (let i = 0; i < Math.min(count, MAX_HEADERS); i++) {
    const one = readOne(read, struct, offset + i * size);
    if (one === null) break;
    found.push(one);
  }
  return found;
}

function hex(bytes: Uint8Array | undefined): string {
  return [...(bytes ?? [])].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
