/**
 * Instructions, labels and data to bytes at an address. Branches take the shortest form that reaches.
 *
 * Interface: Assembler, Label, Assembled.
 * Addresses are numbers below 2^53. Branches only ever grow while places are sought, so that this ends.
 */
import { encode, encodeCompressed, instruction, type Instruction, type OperandValues } from './encode.ts';

export interface Label {
  readonly label: number;
}

export interface Assembled {
  readonly bytes: Uint8Array;
  address(label: Label): number;
}

type Item =
  | { readonly kind: 'words'; readonly halves: readonly number[] }
  | { readonly kind: 'branch'; readonly insn: Instruction; readonly to: Label; length: number }
  /** auipc `via`, then an instruction that adds the rest to it. */
  | { readonly kind: 'pair'; readonly via: number; readonly second: Instruction; readonly to: Label }
  | { readonly kind: 'pointer'; readonly to: Label }
  | { readonly kind: 'offset'; readonly to: Label; readonly from: Label }
  | { readonly kind: 'align'; readonly bytes: number }
  /** Here, or at `at`. */
  | { readonly kind: 'label'; readonly label: Label; readonly at: number | undefined };

export class Assembler {
  readonly #base: number;
  readonly #items: Item[] = [];
  #labels = 0;

  constructor(base: number) {
    this.#base = base;
  }

  emit(...insns: readonly Instruction[]): void {
    for (const insn of insns) {
      const short = insn.compress ? encodeCompressed(insn) : undefined;
      if (short !== undefined) this.#items.push({ kind: 'words', halves: [short] });
      else this.word(encode(insn));
    }
  }

  word(word: number): void {
    this.#items.push({ kind: 'words', halves: split(word) });
  }

  bytes(bytes: Uint8Array): void {
    const halves = Array.from({ length: bytes.length >> 1 }, (_, i) => bytes[2 * i]! | (bytes[2 * i + 1]! << 8));
    this.#items.push({ kind: 'words', halves });
  }

  /** A conditional branch or jal. */
  branch(name: string, operands: OperandValues, to: Label, compress = true): void {
    const insn = instruction(name, operands, compress);
    this.#items.push({ kind: 'branch', insn, to, length: compress ? 2 : 4 });
  }

  jump(to: Label, compress = true): void {
    this.branch('jal', { rd: 0 }, to, compress);
  }

  /** The address of a label, relative to pc. */
  loadAddress(rd: number, to: Label): void {
    this.pair(rd, instruction('addi', { rd, rs1: rd }), to);
  }

  /** auipc and an instruction that has the rest as its immediate: addi, a load, jalr. */
  pair(via: number, second: Instruction, to: Label): void {
    this.#items.push({ kind: 'pair', via, second, to });
  }

  /** Eight bytes of data: an address. */
  pointer(to: Label): void {
    this.#items.push({ kind: 'pointer', to });
  }

  /** Four bytes of data: a distance. */
  offset(to: Label, from: Label): void {
    this.#items.push({ kind: 'offset', to, from });
  }

  align(bytes: number): void {
    this.#items.push({ kind: 'align', bytes });
  }

  newLabel(): Label {
    return { label: this.#labels++ };
  }

  place(label: Label): void {
    this.#items.push({ kind: 'label', label, at: undefined });
  }

  /** A label somewhere else. */
  fixed(label: Label, at: number): void {
    this.#items.push({ kind: 'label', label, at });
  }

  here(): Label {
    const label = this.newLabel();
    this.place(label);
    return label;
  }

  finish(): Assembled {
    let places = this.#layOut();
    while (this.#grow(places)) places = this.#layOut();
    const address = ({ label }: Label): number => places.labels[label]!;
    const bytes = new Uint8Array(places.end - this.#base);
    const view = new DataView(bytes.buffer);
    this.#items.forEach((item, index) => {
      const at = places.items[index]! - this.#base;
      halvesOf(item, places.items[index]!, address).forEach((half, i) => view.setUint16(at + 2 * i, half, true));
    });
    return { bytes, address };
  }

  #layOut(): { items: number[]; labels: number[]; end: number } {
    const items: number[] = [];
    const labels: number[] = [];
    let end = this.#base;
    for (const item of this.#items) {
      items.push(end);
      if (item.kind === 'label') labels[item.label.label] = item.at ?? end;
      end += lengthOf(item, end);
    }
    return { items, labels, end };
  }

  /** Lengthens the branches that do not reach; true when there were any. */
  #grow({ items, labels }: { items: number[]; labels: number[] }): boolean {
    let grown = false;
    this.#items.forEach((item, index) => {
      if (item.kind !== 'branch' || reaches(item.insn, labels[item.to.label]! - items[index]!, item.length)) return;
      item.length = item.length === 2 ? 4 : 8;
      grown = true;
    });
    return grown;
  }
}

function lengthOf(item: Item, at: number): number {
  switch (item.kind) {
    case 'words':
      return item.halves.length * 2;
    case 'branch':
      return item.length;
    case 'pair':
    case 'pointer':
      return 8;
    case 'offset':
      return 4;
    case 'align':
      return (item.bytes - (at % item.bytes)) % item.bytes;
    case 'label':
      return 0;
  }
}

function reaches({ name, operands }: Instruction, distance: number, length: number): boolean {
  if (length === 2 && Math.abs(distance) > 1 << 11) return false;
  if (length === 2) return encodeCompressed(instruction(name, { ...operands, imm: distance })) !== undefined;
  return length === 8 || Math.abs(distance) < (name === 'jal' ? 1 << 20 : 1 << 12);
}

function halvesOf(item: Item, at: number, address: (label: Label) => number): readonly number[] {
  switch (item.kind) {
    case 'words':
      return item.halves;
    case 'branch':
      return branchHalves(item.insn, address(item.to) - at, item.length);
    case 'pair': {
      const distance = address(item.to) - at;
      const upper = (distance + 0x800) & ~0xfff;
      const { name, operands } = item.second;
      const second = encode(instruction(name, { ...operands, imm: distance - upper }));
      return [encode(instruction('auipc', { rd: item.via, imm: upper })), second].flatMap(split);
    }
    case 'pointer': {
      const target = address(item.to);
      return [target | 0, Math.floor(target / 2 ** 32)].flatMap(split);
    }
    case 'offset':
      return split(address(item.to) - address(item.from));
    default:
      return [];
  }
}

/** One 16-bit form, one word, or the opposite branch around a jump. */
function branchHalves(insn: Instruction, distance: number, length: number): number[] {
  const to = (imm: number) => instruction(insn.name, { ...insn.operands, imm });
  if (length === 2) return [encodeCompressed(to(distance))!];
  if (length === 4) return split(encode(to(distance)));
  // Opposite branches differ in the lowest bit of funct3.
  const around = encode(to(8)) ^ (1 << 12);
  return [around, encode(instruction('jal', { rd: 0, imm: distance - 4 }))].flatMap(split);
}

function split(word: number): [number, number] {
  return [word & 0xffff, word >>> 16];
}
