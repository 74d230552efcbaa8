/**
 * Words from assembly text: the way back of disassemble.ts, for code that comes with the kernel.
 *
 * Interface: assemble, Assembly.
 * One instruction a line, as `objdump -d -M no-aliases` prints it, but without compressed forms; `name:` marks a place, `#` begins a
 * comment. Numbers may be sums of numbers and names (`8+data-here`), targets are names.
 */
import { encode } from './encode.ts';
import type { Operand } from './formats.ts';
import type { Insn } from './insn.ts';
import { CSR_NAMES, X_NAMES } from './registers.ts';
import { insnByName } from './table.ts';

export interface Assembly {
  readonly words: readonly number[];
  /** The given names and the places in the text, by name. */
  readonly symbols: ReadonlyMap<string, number>;
}

interface Line {
  readonly insn: Insn;
  /** As written, in the order of the format's template. */
  readonly operands: readonly string[];
  readonly pc: number;
}

const INSN_BYTES = 4;
/** Lowest bits of the register fields. */
const FIELD_BITS = { rd: 7, rs1: 15, rs2: 20 } as const;

/** Assembles for address `base`. Throws on anything that it does not understand or that has no encoding. */
export function assemble(source: string, base: number, names: Readonly<Record<string, number>> = {}): Assembly {
  const symbols = new Map(Object.entries(names));
  const lines: Line[] = [];
  for (const raw of source.split('\n')) {
    const text = raw.replace(/#.*/, '').trim();
    const pc = base + INSN_BYTES * lines.length;
    if (text === '') continue;
    if (text.endsWith(':')) {
      symbols.set(text.slice(0, -1), pc);
      continue;
    }
    const [name = '', ...rest] = text.split(/\s+/);
    lines.push({ insn: insnByName(name), operands: rest.join('').match(/[^,()]+/g) ?? [], pc });
  }
  return { words: lines.map((line) => encodeLine(line, symbols)), symbols };
}

function encodeLine({ insn, operands, pc }: Line, symbols: ReadonlyMap<string, number>): number {
  const tokens = insn.format.asm.match(/[a-z]+\d?/g) ?? [];
  if (tokens.length !== operands.length)
    throw new Error(`${insn.name} takes ${insn.format.asm}, not ${operands.join()}`);
  const values: Partial<Record<Operand, number>> = {};
  // Rows whose operand is the whole word have their fields beside it.
  let fields = 0;
  const hasWhole = insn.format.operands.rd === undefined && insn.format.operands.rs1 === undefined;
  for (const [index, token] of tokens.entries()) {
    const text = operands[index]!;
    if (token === 'imm' || token === 'hex') values.imm = evaluate(text, symbols);
    else if (token === 'upper') values.imm = (evaluate(text, symbols) << 12) | 0;
    else if (token === 'target') values.imm = evaluate(text, symbols) - pc;
    else if (token === 'csr') fields |= csrNumber(text) << 20;
    else if (hasWhole) fields |= registerNumber(text) << FIELD_BITS[token as keyof typeof FIELD_BITS];
    else values[token as 'rd' | 'rs1' | 'rs2'] = registerNumber(text);
  }
  if (hasWhole) return insn.value | fields;
  const { mask, value, format } = insn;
  const word = encode({ mask, value, operands: format.operands }, values, 32);
  if (typeof word === 'string') throw new RangeError(`${insn.name} cannot have ${word} = ${values[word] ?? 0}`);
  return word;
}

function evaluate(text: string, symbols: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [, sign, term] of text.matchAll(/([+-]?)([^+-]+)/g)) {
    const value = symbols.get(term!) ?? Number(term);
    if (!Number.isInteger(value)) throw new Error(`neither a number nor a known name: ${term}`);
    sum += sign === '-' ? -value : value;
  }
  return sum;
}

function registerNumber(name: string): number {
  const number = X_NAMES.indexOf(name);
  if (number < 0) throw new Error(`no register ${name}`);
  return number;
}

function csrNumber(name: string): number {
  const found = Object.entries(CSR_NAMES).find(([, known]) => known === name);
  if (found === undefined) throw new Error(`no control register ${name}`);
  return Number(found[0]);
}
