#!/usr/bin/env python3
"""Records what Linux's line discipline does with the steps of *.scenario, for src/kernel/tty/line-discipline.test.ts.

Usage: record.py FILE...   (each file is rewritten with the results after '=>')
A line is one of these; lines that start with '#' are kept, strings are as in JSON with \\xNN besides:
  new                            a fresh pty with default settings
  set iflag|oflag|lflag +A -B    changes flags; set cc VMIN 0 changes a control character
  flushset lflag -A              the same with TCSETSF
  type "bytes"                   writes to the master => what the master can read then
  write "bytes"                  writes to the slave, without blocking => count, what the master can read then
  read N                         reads from the slave, without blocking => bytes or error
  count                          FIONREAD of the slave
  poll                           events of the slave: IN, OUT
  flow N, flush N                tcflow, tcflush on the slave => what the master can read then
"""
import errno, fcntl, json, os, pty, re, select, struct, sys, termios, time

FIELDS = dict(iflag=0, oflag=1, cflag=2, lflag=3)
EXTRA = dict(IUTF8=0o40000, IUCLC=0o1000, OLCUC=2, XTABS=0o14000, ECHOCTL=0o1000, ECHOPRT=0o2000, ECHOKE=0o4000, IMAXBEL=0o20000)
CC = dict(VINTR=0, VQUIT=1, VERASE=2, VKILL=3, VEOF=4, VTIME=5, VMIN=6, VSTART=8, VSTOP=9, VSUSP=10, VEOL=11, VREPRINT=12,
          VDISCARD=13, VWERASE=14, VLNEXT=15, VEOL2=16)

def flag(name): return EXTRA.get(name) or getattr(termios, name)
def parse(text): return json.loads(text.replace('\\x', '\\u00')).encode('latin1')
def show(data): return json.dumps(data.decode('latin1')).replace('\\u00', '\\x')

class Terminal:
    def __init__(self):
        self.master, self.slave = pty.openpty()
        os.set_blocking(self.slave, False)
        os.set_blocking(self.master, False)
    def close(self):
        os.close(self.slave); os.close(self.master)
    def shown(self):
        time.sleep(0.004)
        out = b''
        while True:
            try: out += os.read(self.master, 65536)
            except BlockingIOError: return show(out)
    def change(self, words, when):
        attributes = termios.tcgetattr(self.slave)
        if words[0] == 'cc': attributes[6][CC[words[1]]] = bytes([int(words[2])])
        else:
            for word in words[1:]:
                bits = flag(word[1:])
                at = FIELDS[words[0]]
                attributes[at] = attributes[at] | bits if word[0] == '+' else attributes[at] & ~bits
        termios.tcsetattr(self.slave, when, attributes)

def step(terminal, line):
    verb, _, rest = line.partition(' ')
    try:
        if verb == 'set': terminal.change(rest.split(), termios.TCSANOW); return terminal.shown() 
        if verb == 'flushset': terminal.change(rest.split(), termios.TCSAFLUSH); return terminal.shown()
        if verb == 'type': os.write(terminal.master, parse(rest)); return terminal.shown()
        if verb == 'write': return f'{os.write(terminal.slave, parse(rest))} {terminal.shown()}'
        if verb == 'read': return show(os.read(terminal.slave, int(rest)))
        if verb == 'count': return str(struct.unpack('i', fcntl.ioctl(terminal.slave, termios.FIONREAD, b'\0' * 4))[0])
        if verb == 'poll':
            poller = select.poll(); poller.register(terminal.slave, select.POLLIN | select.POLLOUT)
            events = dict(poller.poll(0)).get(terminal.slave, 0)
            return ' '.join(name for name, bit in (('IN', 1), ('OUT', 4), ('HUP', 16)) if events & bit) or 'none'
        if verb == 'flow': termios.tcflow(terminal.slave, int(rest)); return terminal.shown()
        if verb == 'flush': termios.tcflush(terminal.slave, int(rest)); return terminal.shown()
    except (OSError, termios.error) as error:
        return errno.errorcode[error.args[0]]
    raise SystemExit(f'unknown step: {line}')

for path in sys.argv[1:]:
    lines, terminal = [], None
    for line in open(path).read().splitlines():
        line = re.sub(r' => .*', '', line)
        if line == '' or line.startswith('#'): lines.append(line); continue
        if line == 'new':
            if terminal: terminal.close()
            terminal = Terminal(); lines.append(line); continue
        lines.append(f'{line} => {step(terminal, line)}')
    if terminal: terminal.close()
    open(path, 'w').write('\n'.join(lines) + '\n')
