/**
 * ELF: the constants and headers that loading a program takes. See elf(5).
 *
 * Interface: the constants, ELF32_EHDR … ELF_NHDR, AUDIT_ARCH, archOf. 32- and 64-bit headers differ in field order, so each has
 * a struct; lay them out with any architecture, as all their fields have fixed sizes and natural alignment.
 * Source: the System V ABI; linux/elf.h, linux/elf-em.h.
 */

import type { Arch } from './arch.ts';
import { bytes, defineStruct, i32, i64, u16, u32, u64, u8 } from './struct.ts';

/** The first four bytes: 0x7f, 'E', 'L', 'F'. */
export const ELFMAG: readonly number[] = [0x7f, 0x45, 0x4c, 0x46];

/** Indices into e_ident, and the values there. */
export const EI_CLASS = 4;
export const EI_DATA = 5;
export const EI_VERSION = 6;
export const EI_OSABI = 7;
export const ELFCLASS32 = 1;
export const ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;
export const EV_CURRENT = 1;

/** e_type. */
export const ET_REL = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;
export const ET_CORE = 4;

/** e_machine. */
export const EM_386 = 3;
export const EM_X86_64 = 62;
export const EM_RISCV = 243;

/** e_flags of riscv. */
export const EF_RISCV_RVC = 1;
export const EF_RISCV_FLOAT_ABI_DOUBLE = 4;

/** p_type. */
export const PT_NULL = 0;
export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_INTERP = 3;
export const PT_NOTE = 4;
export const PT_PHDR = 6;
export const PT_TLS = 7;
export const PT_GNU_EH_FRAME = 0x6474e550;
export const PT_GNU_STACK = 0x6474e551;
export const PT_GNU_RELRO = 0x6474e552;
export const PT_GNU_PROPERTY = 0x6474e553;
export const PT_RISCV_ATTRIBUTES = 0x70000003;

/** p_flags. */
export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

/** sh_type, sh_flags and d_tag of what a module loader, a symbolizer or the vDSO has to do with. */
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_HASH = 5;
export const SHT_DYNAMIC = 6;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHT_DYNSYM = 11;
export const SHT_GNU_HASH = 0x6ffffff6;
export const SHT_GNU_VERDEF = 0x6ffffffd;
export const SHT_GNU_VERSYM = 0x6fffffff;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const DT_NULL = 0;
export const DT_HASH = 4;
export const DT_STRTAB = 5;
export const DT_SYMTAB = 6;
export const DT_STRSZ = 10;
export const DT_SYMENT = 11;
export const DT_SONAME = 14;
export const DT_GNU_HASH = 0x6ffffef5;
export const DT_VERSYM = 0x6ffffff0;
export const DT_VERDEF = 0x6ffffffc;
export const DT_VERDEFNUM = 0x6ffffffd;

/** Notes of a core file. */
export const NT_PRSTATUS = 1;
export const NT_PRFPREG = 2;
export const NT_PRPSINFO = 3;
export const NT_AUXV = 6;
export const NT_SIGINFO = 0x53494749;
export const NT_FILE = 0x46494c45;

/** AUDIT_ARCH_*: the machine as seccomp and ptrace name it. */
export const AUDIT_ARCH: Readonly<Record<Arch, number>> = {
  riscv64: 0xc00000f3,
  x86_64: 0xc000003e,
  i386: 0x40000003,
};

export const ELF64_EHDR = defineStruct('elf64_hdr', {
  e_ident: bytes(16),
  e_type: u16,
  e_machine: u16,
  e_version: u32,
  e_entry: u64,
  e_phoff: u64,
  e_shoff: u64,
  e_flags: u32,
  e_ehsize: u16,
  e_phentsize: u16,
  e_phnum: u16,
  e_shentsize: u16,
  e_shnum: u16,
  e_shstrndx: u16,
});
export const ELF32_EHDR = defineStruct('elf32_hdr', {
  e_ident: bytes(16),
  e_type: u16,
  e_machine: u16,
  e_version: u32,
  e_entry: u32,
  e_phoff: u32,
  e_shoff: u32,
  e_flags: u32,
  e_ehsize: u16,
  e_phentsize: u16,
  e_phnum: u16,
  e_shentsize: u16,
  e_shnum: u16,
  e_shstrndx: u16,
});
export const ELF64_PHDR = defineStruct('elf64_phdr', {
  p_type: u32,
  p_flags: u32,
  p_offset: u64,
  p_vaddr: u64,
  p_paddr: u64,
  p_filesz: u64,
  p_memsz: u64,
  p_align: u64,
});
export const ELF32_PHDR = defineStruct('elf32_phdr', {
  p_type: u32,
  p_offset: u32,
  p_vaddr: u32,
  p_paddr: u32,
  p_filesz: u32,
  p_memsz: u32,
  p_flags: u32,
  p_align: u32,
});
export const ELF64_SHDR = defineStruct('elf64_shdr', {
  sh_name: u32,
  sh_type: u32,
  sh_flags: u64,
  sh_addr: u64,
  sh_offset: u64,
  sh_size: u64,
  sh_link: u32,
  sh_info: u32,
  sh_addralign: u64,
  sh_entsize: u64,
});
export const ELF64_SYM = defineStruct('elf64_sym', {
  st_name: u32,
  st_info: u8,
  st_other: u8,
  st_shndx: u16,
  st_value: u64,
  st_size: u64,
});
export const ELF64_RELA = defineStruct('elf64_rela', { r_offset: u64, r_info: u64, r_addend: i64 });
export const ELF64_DYN = defineStruct('elf64_dyn', { d_tag: i64, d_val: u64 });
export const ELF32_DYN = defineStruct('elf32_dyn', { d_tag: i32, d_val: u32 });
export const ELF_NHDR = defineStruct('elf_nhdr', { n_namesz: u32, n_descsz: u32, n_type: u32 });

/** The architecture of an ELF file by its class and machine, or undefined if the kernel has none for it. */
export function archOf(elfClass: number, machine: number): Arch | undefined {
  if (elfClass === ELFCLASS64 && machine === EM_RISCV) return 'riscv64';
  if (elfClass === ELFCLASS64 && machine === EM_X86_64) return 'x86_64';
  if (elfClass === ELFCLASS32 && machine === EM_386) return 'i386';
  return undefined;
}
