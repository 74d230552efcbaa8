/**
 * Call-frame information: how to find a function's caller at each of its instructions, as compilers note it in .eh_frame.
 *
 * Interface: readEhFrame, EhFrame, FrameRule, SavedAt.
 * Source: DWARF 5, section 6.4; Linux Standard Base, "Exception Frames". Rules are kept for the registers that unwinding riscv64 takes
 * (ra and s0) and for the frame address; what is given by an expression counts as unknown. Throws RangeError on damaged input.
 */

/** Where the caller's value of a register is. */
export type SavedAt =
  | { readonly kind: 'same' }
  | { readonly kind: 'unknown' }
  /** In memory, at the canonical frame address plus `offset`. */
  | { readonly kind: 'frame'; readonly offset: number }
  | { readonly kind: 'register'; readonly register: number };

/** The canonical frame address is register + offset: the caller's stack pointer. */
export interface FrameRule {
  readonly register: number;
  readonly offset: number;
  readonly returnAddress: SavedAt;
  readonly framePointer: SavedAt;
}

export interface EhFrame {
  /** The start of the function that holds `address`, or undefined. */
  functionAt(address: number): number | undefined;
  /** The rule at `address`, or undefined where there is none. */
  ruleAt(address: number): FrameRule | undefined;
}

interface Common {
  readonly codeFactor: number;
  readonly dataFactor: number;
  readonly returnRegister: number;
  readonly pointerEncoding: number;
  readonly hasAugmentation: boolean;
  /** Initial instructions. */
  readonly start: number;
  readonly end: number;
}

interface Description {
  readonly common: Common;
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
}

/** The DWARF numbers of riscv's registers are their own: x8 is s0. */
const FRAME_POINTER = 8;
const SAME: SavedAt = { kind: 'same' };
const UNKNOWN: SavedAt = { kind: 'unknown' };

/** DW_EH_PE_*: formats in the low bits, 0x10 for relative to where the pointer lies. */
const PE_SDATA4 = 0x0b;
const PE_PC_RELATIVE = 0x10;
const PE_OMIT = 0xff;

export function readEhFrame(section: { readonly bytes: Uint8Array; readonly address: number }): EhFrame {
  const reader = new Reader(section.bytes);
  const descriptions = readDescriptions(reader, section.address);
  const find = (address: number): Description | undefined => {
    let low = 0;
    let high = descriptions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (descriptions[middle]!.from > address) high = middle;
      else low = middle + 1;
    }
    const found = descriptions[low - 1];
    return found !== undefined && address < found.to ? found : undefined;
  };
  return {
    functionAt: (address) => find(address)?.from,
    ruleAt(address) {
      const description = find(address);
      return description && ruleOf(reader, description, address);
    },
  };
}

function readDescriptions(reader: Reader, sectionAddress: number): Description[] {
  const commons = new Map<number, Common>();
  const found: Description[] = [];
  for (reader.at = 0; reader.at + 4 <= reader.length;) {
    const record = reader.at;
    const length = reader.u32();
    if (length === 0) break;
    const end = reader.at + length;
    const idAt = reader.at;
    const id = reader.u32();
    if (id === 0) commons.set(record, readCommon(reader, end));
    else {
      const common = commons.get(idAt - id);
      if (common !== undefined) {
        const description = readDescription(reader, sectionAddress, common, end);
        if (description !== undefined) found.push(description);
      }
    }
    reader.at = end;
  }
  return found.sort((a, b) => a.from - b.from);
}

function readCommon(reader: Reader, end: number): Common {
  reader.at++;
  const augmentation = reader.string();
  const codeFactor = reader.uleb();
  const dataFactor = reader.sleb();
  const returnRegister = reader.uleb();
  let pointerEncoding = 0;
  const hasAugmentation = augmentation.startsWith('z');
  if (hasAugmentation) {
    const size = reader.uleb();
    const start = reader.at + size;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') pointerEncoding = reader.u8();
      else if (letter === 'L') reader.at++;
      else if (letter === 'P') skipPointer(reader, reader.u8());
    }
    reader.at = start;
  }
  return { codeFactor, dataFactor, returnRegister, pointerEncoding, hasAugmentation, start: reader.at, end };
}

function skipPointer(reader: Reader, encoding: number): void {
  if (encoding === PE_OMIT) return;
  const format = encoding & 7;
  if (format === 1) reader.uleb();
  else reader.at += format === 2 ? 2 : format === 3 ? 4 : 8;
}

function readDescription(reader: Reader, sectionAddress: number, common: Common, end: number): Description | undefined {
  // The one form that GNU's and LLVM's tools write for riscv64.
  if (common.pointerEncoding !== (PE_SDATA4 | PE_PC_RELATIVE)) return undefined;
  const base = sectionAddress + reader.at;
  const from = base + reader.i32();
  const to = from + reader.u32();
  if (common.hasAugmentation) {
    const size = reader.uleb();
    reader.at += size;
  }
  return { common, from, to, start: reader.at, end };
}

interface State {
  register: number;
  offset: number;
  returnAddress: SavedAt;
  framePointer: SavedAt;
}

/** Runs the instructions up to `address`. */
function ruleOf(reader: Reader, description: Description, address: number): FrameRule {
  const { common } = description;
  const state: State = { register: 2, offset: 0, returnAddress: SAME, framePointer: SAME };
  run(reader, common, common.start, common.end, state, state, 0, Infinity);
  const initial = { ...state };
  run(reader, common, description.start, description.end, state, initial, description.from, address);
  return state;
}

function run(
  reader: Reader,
  common: Common,
  start: number,
  end: number,
  state: State,
  initial: State,
  from: number,
  until: number,
): void {
  const remembered: State[] = [];
  let location = from;
  const advance = (count: number): void => void (location += count * common.codeFactor);
  const set = (register: number, at: SavedAt): void => {
    if (register === common.returnRegister) state.returnAddress = at;
    else if (register === FRAME_POINTER) state.framePointer = at;
  };
  const restore = (register: number): void =>
    set(register, register === common.returnRegister ? initial.returnAddress : initial.framePointer);
  const inFrame = (offset: number): SavedAt => ({ kind: 'frame', offset });

  for (reader.at = start; reader.at < end && location <= until;) {
    const byte = reader.u8();
    const low = byte & 0x3f;
    switch (byte >> 6) {
      case 1:
        advance(low);
        continue;
      case 2:
        set(low, inFrame(reader.uleb() * common.dataFactor));
        continue;
      case 3:
        restore(low);
        continue;
    }
    switch (low) {
      case 0x00: // nop
        break;
      case 0x02: // advance_loc1
        advance(reader.u8());
        break;
      case 0x03: // advance_loc2
        advance(reader.u16());
        break;
      case 0x04: // advance_loc4
        advance(reader.u32());
        break;
      case 0x05: // offset_extended
        set(reader.uleb(), inFrame(reader.uleb() * common.dataFactor));
        break;
      case 0x06: // restore_extended
        restore(reader.uleb());
        break;
      case 0x07: // undefined
        set(reader.uleb(), UNKNOWN);
        break;
      case 0x08: // same_value
        set(reader.uleb(), SAME);
        break;
      case 0x09: // register
        set(reader.uleb(), { kind: 'register', register: reader.uleb() });
        break;
      case 0x0a: // remember_state
        remembered.push({ ...state });
        break;
      case 0x0b: // restore_state
        Object.assign(state, remembered.pop());
        break;
      case 0x0c: // def_cfa
        state.register = reader.uleb();
        state.offset = reader.uleb();
        break;
      case 0x0d: // def_cfa_register
        state.register = reader.uleb();
        break;
      case 0x0e: // def_cfa_offset
        state.offset = reader.uleb();
        break;
      case 0x0f: // def_cfa_expression
        state.register = -1;
        reader.skipBlock();
        break;
      case 0x10: // expression
      case 0x16: // val_expression
        set(reader.uleb(), UNKNOWN);
        reader.skipBlock();
        break;
      case 0x11: // offset_extended_sf
        set(reader.uleb(), inFrame(reader.sleb() * common.dataFactor));
        break;
      case 0x12: // def_cfa_sf
        state.register = reader.uleb();
        state.offset = reader.sleb() * common.dataFactor;
        break;
      case 0x13: // def_cfa_offset_sf
        state.offset = reader.sleb() * common.dataFactor;
        break;
      case 0x2e: // GNU_args_size
        reader.uleb();
        break;
      default:
        // An instruction of unknown length: nothing after it can be trusted.
        state.register = -1;
        return;
    }
  }
}

/** A cursor over bytes, little-endian. */
class Reader {
  at = 0;
  readonly length: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.at++);
  }

  u16(): number {
    this.at += 2;
    return this.#view.getUint16(this.at - 2, true);
  }

  u32(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }

  i32(): number {
    return this.u32() | 0;
  }

  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return (byte & 0x40) !== 0 ? value - scale * 128 : value;
    }
  }

  string(): string {
    let text = '';
    for (let byte = this.u8(); byte !== 0; byte = this.u8()) text += String.fromCharCode(byte);
    return text;
  }

  skipBlock(): void {
    const size = this.uleb();
    this.at += size;
  }
}
