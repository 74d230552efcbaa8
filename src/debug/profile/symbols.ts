/**
 * The functions of an ELF file by address. Interface: readSymbols, stringAt, SymbolTable, FunctionSymbol.
 * Of several names for one address the plainest is taken: `malloc` rather than `__libc_malloc`.
 */
import { ELF64_SYM } from '../../abi/elf.ts';
import { layoutOf, readStruct } from '../../abi/struct.ts';
import { byteStringOf } from '../../util/byte-string.ts';

export interface FunctionSymbol {
  readonly name: string;
  readonly address: number;
  /** Bytes; 0: not known (hand-written code often does not say). */
  readonly size: number;
}

export interface SymbolTable {
  /** The function that holds `address`. */
  at(address: number): FunctionSymbol | undefined;
}

const STT_NOTYPE = 0;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;

/** `source`: contents of a symbol table and of its string table; null: there is none. */
export function readSymbols(source: { readonly symbols: Uint8Array; readonly names: Uint8Array } | null): SymbolTable {
  const found = source === null ? [] : functionsOf(source.symbols, source.names);
  found.sort((a, b) => a.address - b.address || preference(a, b));
  const sorted = found.filter((symbol, i) => i === 0 || symbol.address !== found[i - 1]!.address);
  return {
    at(address) {
      let low = 0;
      let high = sorted.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (sorted[middle]!.address > address) high = middle;
        else low = middle + 1;
      }
      const symbol = sorted[low - 1];
      if (symbol === undefined) return undefined;
      return symbol.size === 0 || address < symbol.address + symbol.size ? symbol : undefined;
    },
  };
}

function functionsOf(symbols: Uint8Array, names: Uint8Array): FunctionSymbol[] {
  const layout = layoutOf(ELF64_SYM, 'riscv64');
  const view = new DataView(symbols.buffer, symbols.byteOffset, symbols.byteLength);
  const found: FunctionSymbol[] = [];
  for (let at = 0; at + layout.size <= symbols.length; at += layout.size) {
    const { st_name, st_info, st_shndx, st_value, st_size } = readStruct(view, at, layout);
    const type = st_info & 15;
    if (st_shndx === 0 || st_value === 0 || st_name === 0) continue;
    if (type !== STT_FUNC && type !== STT_GNU_IFUNC && type !== STT_NOTYPE) continue;
    const name = stringAt(names, st_name);
    // Mapping symbols ($x, $d) and assembler labels name no function.
    if (name === '' || name.startsWith('$') || name.startsWith('.L')) continue;
    found.push({ name, address: st_value, size: st_size });
  }
  return found;
}

/** The string that begins at `at` of a string table, up to its NUL. */
export function stringAt(names: Uint8Array, at: number): string {
  const end = names.indexOf(0, at);
  return byteStringOf(names, at, end < 0 ? names.length : end);
}

/** Sized ones first, then those with fewer underscores before them, then shorter ones. */
function preference(a: FunctionSymbol, b: FunctionSymbol): number {
  const underscores = ({ name }: FunctionSymbol): number => name.search(/[^_]|$/);
  return (
    Number(b.size > 0) - Number(a.size > 0) ||
    underscores(a) - underscores(b) ||
    a.name.length - b.name.length ||
    (a.name < b.name ? -1 : 1)
  );
}
