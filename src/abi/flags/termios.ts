/**
 * Terminal modes: the bits and control characters of termios(3), and line disciplines.
 *
 * Interface: TERMIOS_IFLAG, TERMIOS_OFLAG, TERMIOS_CFLAG, TERMIOS_BAUD, TERMIOS_LFLAG, TERMIOS_CC, LINE_DISCIPLINE. Values: asm/termbits.h, linux/tty.h.
 */

import { flagSet } from '../flag-set.ts';

export const TERMIOS_IFLAG = flagSet(
  'termios-iflag',
  {
    IGNBRK: 1,
    BRKINT: 2,
    IGNPAR: 4,
    PARMRK: 0o10,
    INPCK: 0o20,
    ISTRIP: 0o40,
    INLCR: 0o100,
    IGNCR: 0o200,
    ICRNL: 0o400,
    IUCLC: 0o1000,
    IXON: 0o2000,
    IXANY: 0o4000,
    IXOFF: 0o10000,
    IMAXBEL: 0o20000,
    IUTF8: 0o40000,
  },
  { noEffect: ['IGNBRK', 'BRKINT', 'IGNPAR', 'INPCK', 'IXOFF', 'IMAXBEL'] },
);

export const TERMIOS_OFLAG = flagSet(
  'termios-oflag',
  {
    OPOST: 1,
    OLCUC: 2,
    ONLCR: 4,
    OCRNL: 0o10,
    ONOCR: 0o20,
    ONLRET: 0o40,
    OFILL: 0o100,
    OFDEL: 0o200,
    NLDLY: 0o400,
    CRDLY: 0o3000,
    TABDLY: 0o14000,
    BSDLY: 0o20000,
    VTDLY: 0o40000,
    FFDLY: 0o100000,
    XTABS: 0o14000,
  },
  { noEffect: ['OFILL', 'OFDEL', 'NLDLY', 'CRDLY', 'BSDLY', 'VTDLY', 'FFDLY'] },
);

export const TERMIOS_CFLAG = flagSet(
  'termios-cflag',
  {
    CSIZE: 0o60,
    CS5: 0,
    CS6: 0o20,
    CS7: 0o40,
    CS8: 0o60,
    CSTOPB: 0o100,
    CREAD: 0o200,
    PARENB: 0o400,
    PARODD: 0o1000,
    HUPCL: 0o2000,
    CLOCAL: 0o4000,
    CBAUD: 0o10017,
    CBAUDEX: 0o10000,
    BOTHER: 0o10000,
    CIBAUD: 0o2003600000,
    CMSPAR: 0o10000000000,
    CRTSCTS: 0o20000000000,
  },
  {
    noEffect: [
      'CSIZE',
      'CS5',
      'CS6',
      'CS7',
      'CS8',
      'CSTOPB',
      'PARENB',
      'PARODD',
      'HUPCL',
      'CBAUD',
      'CBAUDEX',
      'BOTHER',
      'CIBAUD',
      'CMSPAR',
      'CRTSCTS',
    ],
  },
);

export const TERMIOS_BAUD = flagSet(
  'termios-baud',
  {
    B0: 0,
    B50: 1,
    B75: 2,
    B110: 3,
    B134: 4,
    B150: 5,
    B200: 6,
    B300: 7,
    B600: 0o10,
    B1200: 0o11,
    B1800: 0o12,
    B2400: 0o13,
    B4800: 0o14,
    B9600: 0o15,
    B19200: 0o16,
    B38400: 0o17,
    B57600: 0o10001,
    B115200: 0o10002,
    B230400: 0o10003,
    B460800: 0o10004,
    B500000: 0o10005,
    B576000: 0o10006,
    B921600: 0o10007,
    B1000000: 0o10010,
    B1152000: 0o10011,
    B1500000: 0o10012,
    B2000000: 0o10013,
    B2500000: 0o10014,
    B3000000: 0o10015,
    B3500000: 0o10016,
    B4000000: 0o10017,
  },
  { kind: 'enum', unsupported: [] },
);

export const TERMIOS_LFLAG = flagSet(
  'termios-lflag',
  {
    ISIG: 1,
    ICANON: 2,
    XCASE: 4,
    ECHO: 0o10,
    ECHOE: 0o20,
    ECHOK: 0o40,
    ECHONL: 0o100,
    NOFLSH: 0o200,
    TOSTOP: 0o400,
    ECHOCTL: 0o1000,
    ECHOPRT: 0o2000,
    ECHOKE: 0o4000,
    FLUSHO: 0o10000,
    PENDIN: 0o40000,
    IEXTEN: 0o100000,
    EXTPROC: 0o200000,
  },
  { noEffect: ['XCASE', 'FLUSHO', 'PENDIN'] },
);

export const TERMIOS_CC = flagSet(
  'termios-cc',
  {
    VINTR: 0,
    VQUIT: 1,
    VERASE: 2,
    VKILL: 3,
    VEOF: 4,
    VTIME: 5,
    VMIN: 6,
    VSWTC: 7,
    VSTART: 8,
    VSTOP: 9,
    VSUSP: 10,
    VEOL: 11,
    VREPRINT: 12,
    VDISCARD: 13,
    VWERASE: 14,
    VLNEXT: 15,
    VEOL2: 16,
  },
  { kind: 'enum', noEffect: ['VSWTC', 'VDISCARD'] },
);

export const LINE_DISCIPLINE = flagSet(
  'line-discipline',
  {
    N_TTY: 0,
    N_SLIP: 1,
    N_PPP: 3,
    N_NULL: 27,
  },
  { kind: 'enum', unsupported: ['N_SLIP', 'N_PPP', 'N_NULL'] },
);
