/**
 * Terminal settings: the defaults, the forms in which programs pass them, and which bytes they make special. See termios(3).
 *
 * Interface: defaultTermios, specialBytes, termiosToBytes, termiosFromBytes, TERMIOS_BYTES, TERMIOS2_BYTES.
 */
import {
  TERMIOS_BAUD,
  TERMIOS_CC,
  TERMIOS_CFLAG,
  TERMIOS_IFLAG,
  TERMIOS_LFLAG,
  TERMIOS_OFLAG,
} from '../../abi/flags/termios.ts';
import type { Termios } from './types.ts';

const I = TERMIOS_IFLAG.values;
const O = TERMIOS_OFLAG.values;
const C = TERMIOS_CFLAG.values;
const L = TERMIOS_LFLAG.values;
const V = TERMIOS_CC.values;

const CC_COUNT = 19;
/** Four words, the line discipline, the control characters. */
export const TERMIOS_BYTES = 36;
/** struct termios2 has the two speeds besides. */
export const TERMIOS2_BYTES = 44;
const CC_AT = 17;
const SPEED_AT = 36;
const DEFAULT_SPEED = 38400;

/** Linux: tty_std_termios with INIT_C_CC. */
export function defaultTermios(): Termios {
  const cc = Array<number>(CC_COUNT).fill(0);
  cc[V.VINTR] = 3;
  cc[V.VQUIT] = 0o34;
  cc[V.VERASE] = 0o177;
  cc[V.VKILL] = 0o25;
  cc[V.VEOF] = 4;
  cc[V.VMIN] = 1;
  cc[V.VSTART] = 0o21;
  cc[V.VSTOP] = 0o23;
  cc[V.VSUSP] = 0o32;
  cc[V.VREPRINT] = 0o22;
  cc[V.VDISCARD] = 0o17;
  cc[V.VWERASE] = 0o27;
  cc[V.VLNEXT] = 0o26;
  return {
    iflag: I.ICRNL | I.IXON,
    oflag: O.OPOST | O.ONLCR,
    cflag: TERMIOS_BAUD.values.B38400 | C.CS8 | C.CREAD,
    lflag: L.ISIG | L.ICANON | L.ECHO | L.ECHOE | L.ECHOK | L.ECHOCTL | L.ECHOKE | L.IEXTEN,
    line: 0,
    cc,
    ispeed: DEFAULT_SPEED,
    ospeed: DEFAULT_SPEED,
  };
}

/** Which bytes are not simply put into the line. NUL never is one: a control character of 0 is switched off. */
export function specialBytes({ iflag, lflag, cc }: Termios): Uint8Array {
  const map = new Uint8Array(256);
  const mark = (...bytes: number[]): void => bytes.forEach((byte) => (map[byte] = 1));
  if ((iflag & (I.IGNCR | I.ICRNL)) !== 0) mark(13);
  if ((iflag & I.INLCR) !== 0) mark(10);
  if ((lflag & L.ICANON) !== 0) {
    mark(10, cc[V.VERASE]!, cc[V.VKILL]!, cc[V.VEOF]!, cc[V.VEOL]!);
    if ((lflag & L.IEXTEN) !== 0) {
      mark(cc[V.VWERASE]!, cc[V.VLNEXT]!, cc[V.VEOL2]!);
      if ((lflag & L.ECHO) !== 0) mark(cc[V.VREPRINT]!);
    }
  }
  if ((iflag & I.IXON) !== 0) mark(cc[V.VSTART]!, cc[V.VSTOP]!);
  if ((lflag & L.ISIG) !== 0) mark(cc[V.VINTR]!, cc[V.VQUIT]!, cc[V.VSUSP]!);
  map[0] = 0;
  return map;
}

/** struct termios (36 bytes) or termios2 (44 bytes) of the kernel. */
export function termiosToBytes(termios: Termios, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  [termios.iflag, termios.oflag, termios.cflag, termios.lflag].forEach((word, i) => view.setUint32(4 * i, word, true));
  bytes[16] = termios.line;
  bytes.set(termios.cc, CC_AT);
  if (size < TERMIOS2_BYTES) return bytes;
  view.setUint32(SPEED_AT, termios.ispeed, true);
  view.setUint32(SPEED_AT + 4, termios.ospeed, true);
  return bytes;
}

/** The settings in `bytes`. Speeds come from the baud bits of cflag, unless those say BOTHER and the struct has speeds. */
export function termiosFromBytes(bytes: Uint8Array): Termios {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const cflag = view.getUint32(8, true);
  const given = bytes.length >= TERMIOS2_BYTES ? view : null;
  const ospeed = speedOf(cflag & C.CBAUD, given?.getUint32(SPEED_AT + 4, true) ?? 0);
  const inputBits = (cflag & C.CIBAUD) >>> INPUT_BAUD_SHIFT;
  const ispeed = inputBits === 0 ? ospeed : speedOf(inputBits, given?.getUint32(SPEED_AT, true) ?? 0);
  return {
    iflag: view.getUint32(0, true),
    oflag: view.getUint32(4, true),
    cflag,
    lflag: view.getUint32(12, true),
    line: bytes[16]!,
    cc: Array.from(bytes.subarray(CC_AT, CC_AT + CC_COUNT)),
    ispeed,
    ospeed,
  };
}

const INPUT_BAUD_SHIFT = 16;

const SPEEDS: ReadonlyMap<number, number> = new Map(
  Object.entries(TERMIOS_BAUD.values).map(([name, bits]) => [bits, name === 'B134' ? 134 : Number(name.slice(1))]),
);

function speedOf(bits: number, other: number): number {
  return bits === C.BOTHER ? other : (SPEEDS.get(bits) ?? 0);
}
