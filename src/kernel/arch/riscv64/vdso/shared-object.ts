/**
 * Writing an ELF shared object of one read-only, executable segment: symbols with one version, hash tables, unwind tables, section
 * headers. See elf(5); the System V ABI, "Dynamic Linking"; Drepper, "ELF Symbol Versioning".
 *
 * Interface: writeSharedObject, SharedObject, TEXT_OFFSET.
 * Addresses are offsets in the file. Both hash tables are there: old C libraries look into one, new ones into the other.
 */
import {
  DT_GNU_HASH,
  DT_HASH,
  DT_NULL,
  DT_SONAME,
  DT_STRSZ,
  DT_STRTAB,
  DT_SYMENT,
  DT_SYMTAB,
  DT_VERDEF,
  DT_VERDEFNUM,
  DT_VERSYM,
  ELF64_DYN,
  ELF64_EHDR,
  ELF64_PHDR,
  ELF64_SHDR,
  ELF64_SYM,
  ELFCLASS64,
  ELFDATA2LSB,
  ELFMAG,
  EM_RISCV,
  ET_DYN,
  EV_CURRENT,
  PF_R,
  PF_X,
  PT_DYNAMIC,
  PT_GNU_EH_FRAME,
  PT_LOAD,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHT_DYNAMIC,
  SHT_DYNSYM,
  SHT_GNU_HASH,
  SHT_GNU_VERDEF,
  SHT_GNU_VERSYM,
  SHT_HASH,
  SHT_PROGBITS,
  SHT_STRTAB,
} from '../../../../abi/elf.ts';
import { encodeStruct, layoutOf, type Fields, type StructDef, type ValuesOf } from '../../../../abi/struct.ts';
import type { VdsoFunction } from './code.ts';
import type { UnwindTables } from './unwind.ts';

export interface SharedObject {
  readonly name: string;
  /** The version of all symbols. */
  readonly version: string;
  readonly text: Uint8Array;
  readonly functions: readonly VdsoFunction[];
  /** Given where .eh_frame_hdr will be. */
  unwind(headerAt: number): UnwindTables;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly align: number;
  readonly entry: number;
  /** Index of the section that it refers to, and what it says besides. */
  readonly link: number;
  readonly info: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}

const EHDR_BYTES = 64;
const PHDR_BYTES = 56;
const SEGMENTS = 3;
/** Where the text goes. */
export const TEXT_OFFSET = Math.ceil((EHDR_BYTES + SEGMENTS * PHDR_BYTES) / 16) * 16;

const STB_GLOBAL_STT_FUNC = 0x12;
const PAGE_BYTES = 4096;
/** Version indices: the object itself, then its one version. */
const BASE_VERSION = 1;
const SYMBOL_VERSION = 2;
const VER_FLG_BASE = 1;
const SYSV_BUCKETS = 3;
const BLOOM_SHIFT = 6;

/** Section indices: the order in which they are added. */
const TEXT_SECTION = 1;
const DYNSYM_SECTION = 2;
const DYNSTR_SECTION = 3;

export function writeSharedObject(object: SharedObject): Uint8Array {
  const strings = new StringTable();
  const symbols = object.functions.map(({ name, address, size }) =>
    struct(ELF64_SYM, {
      st_name: strings.add(name),
      st_info: STB_GLOBAL_STT_FUNC,
      st_shndx: TEXT_SECTION,
      st_value: address,
      st_size: size,
    }),
  );
  const names = object.functions.map(({ name }) => name);
  const versions = versionDefinitions(object, strings);
  const soname = strings.add(object.name);

  const sections: Section[] = [];
  let end = TEXT_OFFSET;
  const add = (name: string, type: number, align: number, bytes: Uint8Array, extra: Partial<Section> = {}): Section => {
    const at = Math.ceil(end / align) * align;
    const section = { name, type, flags: SHF_ALLOC, align, entry: 0, link: 0, info: 0, ...extra, at, bytes };
    end = at + bytes.length;
    sections.push(section);
    return section;
  };
  add('.text', SHT_PROGBITS, 16, object.text, { flags: SHF_ALLOC | SHF_EXECINSTR });
  const null24 = struct(ELF64_SYM, {});
  const dynsym = add('.dynsym', SHT_DYNSYM, 8, concat([null24, ...symbols]), {
    entry: null24.length,
    link: DYNSTR_SECTION,
    info: 1,
  });
  const dynstr = add('.dynstr', SHT_STRTAB, 1, strings.bytes());
  const hash = add('.hash', SHT_HASH, 8, sysvHash(names), { entry: 4, link: DYNSYM_SECTION });
  const gnuHash = add('.gnu.hash', SHT_GNU_HASH, 8, gnuHashTable(names), { link: DYNSYM_SECTION });
  const versym = add('.gnu.version', SHT_GNU_VERSYM, 2, u16s([0, ...names.map(() => SYMBOL_VERSION)]), {
    entry: 2,
    link: DYNSYM_SECTION,
  });
  const verdef = add('.gnu.version_d', SHT_GNU_VERDEF, 8, versions, { link: DYNSTR_SECTION, info: SYMBOL_VERSION });
  const entries: readonly (readonly [number, number])[] = [
    [DT_SONAME, soname],
    [DT_HASH, hash.at],
    [DT_GNU_HASH, gnuHash.at],
    [DT_STRTAB, dynstr.at],
    [DT_SYMTAB, dynsym.at],
    [DT_STRSZ, dynstr.bytes.length],
    [DT_SYMENT, null24.length],
    [DT_VERDEF, verdef.at],
    [DT_VERDEFNUM, SYMBOL_VERSION],
    [DT_VERSYM, versym.at],
    [DT_NULL, 0],
  ];
  const dynamic = add(
    '.dynamic',
    SHT_DYNAMIC,
    8,
    concat(entries.map(([d_tag, d_val]) => struct(ELF64_DYN, { d_tag, d_val }))),
    { entry: 16, link: DYNSTR_SECTION },
  );
  const unwind = object.unwind(Math.ceil(end / 8) * 8);
  const header = add('.eh_frame_hdr', SHT_PROGBITS, 8, unwind.header);
  add('.eh_frame', SHT_PROGBITS, 4, unwind.frames);
  const loadedBytes = end;

  const sectionNames = new StringTable();
  const nameOffsets = [...sections.map(({ name }) => name), '.shstrtab'].map((name) => sectionNames.add(name));
  add('.shstrtab', SHT_STRTAB, 1, sectionNames.bytes(), { flags: 0 });
  const headersAt = Math.ceil(end / 8) * 8;
  const headers = sections.map((section, i) => sectionHeader(section, nameOffsets[i]!));
  const image = new Uint8Array(headersAt + (headers.length + 1) * 64);
  for (const { at, bytes } of sections) image.set(bytes, at);
  image.set(concat([struct(ELF64_SHDR, {}), ...headers]), headersAt);
  image.set(
    concat([
      elfHeader(headersAt, headers.length + 1),
      segment(PT_LOAD, PF_R | PF_X, 0, loadedBytes, PAGE_BYTES),
      segment(PT_DYNAMIC, PF_R, dynamic.at, dynamic.bytes.length, 8),
      segment(PT_GNU_EH_FRAME, PF_R, header.at, header.bytes.length, 4),
    ]),
    0,
  );
  return image;
}

function elfHeader(sectionsAt: number, sectionCount: number): Uint8Array {
  const ident = new Uint8Array(16);
  ident.set([...ELFMAG, ELFCLASS64, ELFDATA2LSB, EV_CURRENT]);
  return struct(ELF64_EHDR, {
    e_ident: ident,
    e_type: ET_DYN,
    e_machine: EM_RISCV,
    e_version: EV_CURRENT,
    e_phoff: EHDR_BYTES,
    e_shoff: sectionsAt,
    e_ehsize: EHDR_BYTES,
    e_phentsize: PHDR_BYTES,
    e_phnum: SEGMENTS,
    e_shentsize: 64,
    e_shnum: sectionCount,
    e_shstrndx: sectionCount - 1,
  });
}

function segment(type: number, flags: number, at: number, bytes: number, align: number): Uint8Array {
  return struct(ELF64_PHDR, {
    p_type: type,
    p_flags: flags,
    p_offset: at,
    p_vaddr: at,
    p_paddr: at,
    p_filesz: bytes,
    p_memsz: bytes,
    p_align: align,
  });
}

function sectionHeader(section: Section, name: number): Uint8Array {
  return struct(ELF64_SHDR, {
    sh_name: name,
    sh_type: section.type,
    sh_flags: section.flags,
    sh_addr: section.flags === 0 ? 0 : section.at,
    sh_offset: section.at,
    sh_size: section.bytes.length,
    sh_link: section.link,
    sh_info: section.info,
    sh_addralign: section.align,
    sh_entsize: section.entry,
  });
}

/** Two Verdef records, each followed by its Verdaux with the name. */
function versionDefinitions({ name, version }: SharedObject, strings: StringTable): Uint8Array {
  const record = (text: string, index: number, flags: number, next: number): Uint8Array =>
    concat([u16s([1, flags, index, 1]), u32s([sysvHashOf(text), VERDEF_BYTES, next]), u32s([strings.add(text), 0])]);
  return concat([
    record(name, BASE_VERSION, VER_FLG_BASE, VERDEF_BYTES + VERDAUX_BYTES),
    record(version, SYMBOL_VERSION, 0, 0),
  ]);
}

const VERDEF_BYTES = 20;
const VERDAUX_BYTES = 8;

/** nbucket, nchain, buckets, chains. Symbol 0 is the null symbol. */
function sysvHash(names: readonly string[]): Uint8Array {
  const buckets = new Array<number>(SYSV_BUCKETS).fill(0);
  const chains = new Array<number>(names.length + 1).fill(0);
  for (const [i, name] of names.entries()) {
    const bucket = sysvHashOf(name) % SYSV_BUCKETS;
    chains[i + 1] = buckets[bucket]!;
    buckets[bucket] = i + 1;
  }
  return u32s([SYSV_BUCKETS, names.length + 1, ...buckets, ...chains]);
}

function sysvHashOf(name: string): number {
  let hash = 0;
  for (const letter of name) {
    hash = ((hash << 4) + letter.charCodeAt(0)) >>> 0;
    const high = hash & 0xf000_0000;
    hash = (hash ^ (high >>> 24) ^ high) >>> 0;
  }
  return hash;
}

/** With one bucket, so that the symbols may stand in any order; one word of 64 bits as Bloom filter. */
function gnuHashTable(names: readonly string[]): Uint8Array {
  const hashes = names.map(gnuHashOf);
  const bloom = [0, 0];
  for (const hash of hashes)
    for (const bit of [hash % 64, (hash >>> BLOOM_SHIFT) % 64])
      bloom[bit >> 5] = (bloom[bit >> 5]! | (1 << (bit % 32))) >>> 0;
  // The lowest bit of a hash tells the last one of the bucket.
  const chain = hashes.map((hash, i) => (i === hashes.length - 1 ? hash | 1 : hash & ~1) >>> 0);
  const firstSymbol = 1;
  return u32s([1, firstSymbol, 1, BLOOM_SHIFT, ...bloom, firstSymbol, ...chain]);
}

function gnuHashOf(name: string): number {
  let hash = 5381;
  for (const letter of name) hash = (Math.imul(hash, 33) + letter.charCodeAt(0)) >>> 0;
  return hash;
}

class StringTable {
  #text = '\0';

  add(text: string): number {
    const at = this.#text.length;
    this.#text += `${text}\0`;
    return at;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#text, (letter) => letter.charCodeAt(0));
  }
}

function struct<F extends Fields>(definition: StructDef<F>, values: Partial<ValuesOf<StructDef<F>>>): Uint8Array {
  return encodeStruct(layoutOf(definition, 'riscv64'), values);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function u16s(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer);
}

function u32s(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
