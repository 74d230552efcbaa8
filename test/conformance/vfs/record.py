#!/usr/bin/env python3
"""Records what Linux answers to the calls of *.scenario, for src/kernel/vfs/scenario.test.ts.

Usage: record.py FILE...   (as root, in a directory on tmpfs, or for on-overlay/ on an overlay of tmpfs; each file is rewritten with the results after '=>')
A line is `[var =] call argument...`; see `argument` for the forms. Lines that start with '#' are kept.
"""
import ctypes, errno, os, re, shutil, struct, sys, tempfile

NUMBERS = dict(read=0, write=1, close=3, fstat=5, lseek=8, pread64=17, pwrite64=18, readv=19, dup=32, sendfile=40, fcntl=72,
  flock=73, fsync=74, truncate=76, ftruncate=77, getcwd=79, chdir=80, fchdir=81, fchmod=91, fchown=93, umask=95,
  chroot=161, setxattr=188, getxattr=191, listxattr=194, removexattr=197, getdents64=217, fadvise64=221, utimensat=280,
  fallocate=285, openat=257, mkdirat=258, mknodat=259, fchownat=260, unlinkat=263, linkat=265, symlinkat=266,
  readlinkat=267, fchmodat=268, dup3=292, preadv=295, pwritev=296, renameat2=316, memfd_create=319,
  copy_file_range=326, openat2=437, faccessat2=439, close_range=436, pipe2=293, splice=275, fchmodat2=452, syncfs=306,
  mount=165, umount2=166)
CONSTANTS = {name: value for module in (os, __import__('fcntl')) for name, value in vars(module).items()
  if isinstance(value, int) and re.match(r'(O|F|LOCK|SEEK)_', name)}
CONSTANTS.update(AT_FDCWD=-100, AT_SYMLINK_NOFOLLOW=0x100, AT_REMOVEDIR=0x200, AT_EACCESS=0x200, AT_SYMLINK_FOLLOW=0x400,
  AT_EMPTY_PATH=0x1000, RENAME_NOREPLACE=1, RENAME_EXCHANGE=2, RENAME_WHITEOUT=4, S_IFREG=0o100000, S_IFIFO=0o10000,
  S_IFCHR=0o20000, S_IFDIR=0o40000, S_IFSOCK=0o140000, S_IFBLK=0o60000, R_OK=4, W_OK=2, X_OK=1, F_OK=0,
  SEEK_DATA=3, SEEK_HOLE=4, RESOLVE_NO_XDEV=1, RESOLVE_NO_MAGICLINKS=2, RESOLVE_NO_SYMLINKS=4, RESOLVE_BENEATH=8,
  RESOLVE_IN_ROOT=16, UTIME_NOW=0x3fffffff, UTIME_OMIT=0x3ffffffe, XATTR_CREATE=1, XATTR_REPLACE=2,
  FALLOC_FL_KEEP_SIZE=1, FALLOC_FL_PUNCH_HOLE=2, FALLOC_FL_ZERO_RANGE=16, MFD_CLOEXEC=1, MFD_ALLOW_SEALING=2,
  F_ADD_SEALS=1033, F_GET_SEALS=1034, F_SEAL_SEAL=1, F_SEAL_SHRINK=2, F_SEAL_GROW=4, F_SEAL_WRITE=8, F_OFD_SETLK=37,
  F_OFD_GETLK=36, O_LARGEFILE=0o100000, O_TMPFILE=0o20200000, O_PATH=0o10000000, F_GETPIPE_SZ=1032, F_SETPIPE_SZ=1031,
  F_DUPFD_CLOEXEC=1030, F_DUPFD_QUERY=1027)
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

def number(text):
    if re.fullmatch(r'-?\d+', text) and not re.match(r'-?0\d', text): return int(text)
    if re.fullmatch(r'0[0-7]+', text): return int(text, 8)
    if text.startswith('0x'): return int(text, 16)
    if text.startswith('-'): return -number(text[1:])
    return CONSTANTS[text]

def value(text):
    total = 0
    for part in text.split('|'): total |= number(part)
    return total

def expand(text):
    text = re.sub(r'\{(.+?)\*(\d+)\}', lambda m: m[1] * int(m[2]), text)
    return text.replace('\\s', ' ').encode('latin-1')

def argument(token, variables, outs):
    """"text": a string; 'text: bytes without NUL; buf:N, off:N, flock:t,s,l, times:as,an,ms,mn, how:f,m,r: memory; $x: a variable."""
    if token == 'null': return 0
    if token[0] == '$': return variables[token[1:]]
    if token[0] == '"': return keep(ctypes.create_string_buffer(expand(token[1:-1])))
    if token[0] == "'": return keep(ctypes.create_string_buffer(expand(token[1:])))
    kind, _, rest = token.partition(':')
    if not rest: return value(token)
    if kind == 'buf':
        buffer = ctypes.create_string_buffer(max(1, value(rest)))
        outs.append(('buf', buffer)); return keep(buffer)
    if kind == 'off':
        buffer = ctypes.create_string_buffer(struct.pack('q', value(rest)))
        outs.append(('off', buffer)); return keep(buffer)
    parts = [value(part) for part in rest.split(',')]
    if kind == 'flock':
        buffer = ctypes.create_string_buffer(struct.pack('hh4xqqi4x', parts[0], 0, parts[1], parts[2], 0), 32)
        outs.append(('flock', buffer)); return keep(buffer)
    if kind == 'times': return keep(ctypes.create_string_buffer(struct.pack('qqqq', *parts)))
    if kind == 'how': return keep(ctypes.create_string_buffer(struct.pack('QQQ', *parts)))
    if kind == 'fds':
        buffer = ctypes.create_string_buffer(8)
        outs.append(('fds', buffer)); return keep(buffer)
    raise ValueError(token)

alive = []
def keep(buffer):
    alive.append(buffer)
    return ctypes.addressof(buffer)

def escape(data):
    return ''.join(chr(b) if 33 <= b < 127 and b != 92 else '\\s' if b == 32 else '\\%02x' % b for b in data)

def call(name, args, variables):
    outs = []
    values = [argument(token, variables, outs) for token in args]
    result = libc.syscall(ctypes.c_long(NUMBERS[name]), *[ctypes.c_long(v) for v in values])
    if result < 0: return -1, errno.errorcode[ctypes.get_errno()].replace('EWOULDBLOCK', 'EAGAIN').replace('ENOTSUP', 'EOPNOTSUPP')
    text = str(result)
    for kind, buffer in outs:
        if kind == 'buf': text += ' ' + escape(buffer.raw[:result])
        if kind == 'off': text += ' at %d' % struct.unpack('q', buffer.raw[:8])
        if kind == 'flock' and name == 'fcntl':
            lock = struct.unpack('hh4xqqi4x', buffer.raw[:32])
            text += ' lock %d %d %d' % (lock[0], lock[2], lock[3])
        if kind == 'fds':
            variables['r'], variables['w'] = struct.unpack('ii', buffer.raw[:8])
    return result, text

def describe(s, timed=False):
    text = 'mode %o nlink %d size %d uid %d gid %d blocks %d' % (s.st_mode, s.st_nlink, s.st_size, s.st_uid, s.st_gid, s.st_blocks)
    return text + (' atime %d mtime %d' % (s.st_atime_ns, s.st_mtime_ns) if timed else '')

def special(name, args, variables):
    try:
        if name == 'stat': return describe(os.stat(expand(args[0][1:-1])))
        if name == 'lstat': return describe(os.lstat(expand(args[0][1:-1])))
        if name == 'fstat': return describe(os.fstat(variables[args[0][1:]]))
        if name == 'times': return describe(os.stat(expand(args[0][1:-1])), True)
        if name == 'ls': return ' '.join(sorted(os.listdir(expand(args[0][1:-1]).decode()))) or '(empty)'
        if name == 'limit':
            import resource; resource.setrlimit(value('7') if args[0] == 'NOFILE' else 1, (value(args[1]), resource.getrlimit(7)[1] if args[0] == 'NOFILE' else -1)); return 'ok'
        if name == 'user':
            uid = value(args[0])
            os.seteuid(0); os.setegid(uid); os.setgroups([]); os.seteuid(uid); return 'ok'
    except OSError as error:
        return errno.errorcode[error.errno]
    return None

def run(lines):
    variables, out = {}, []
    for line in lines:
        text = line.split(' => ')[0].rstrip()
        if not text or text.startswith('#'):
            out.append(text); continue
        match = re.match(r'(?:(\w+) = )?(\S+)\s*(.*)', text)
        var, name, args = match[1], match[2], match[3].split()
        shown = special(name, args, variables)
        if shown is None:
            result, shown = call(name, args, variables)
            if var: variables[var] = result; shown = 'ok' if result >= 0 else shown
        out.append('%s => %s' % (text, shown))
    return out

for path in sys.argv[1:]:
    lines = open(path).read().split('\n')
    scratch = tempfile.mkdtemp(dir='.')
    os.chmod(scratch, 0o777)
    source, sink = os.pipe()
    if os.fork() == 0:
        import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        os.chdir(scratch); os.umask(0o22)
        os.write(sink, '\n'.join(run(lines)).encode()); os._exit(0)
    os.close(sink)
    text = b''
    while chunk := os.read(source, 65536): text += chunk
    os.wait()
    if not text: sys.exit('failed: ' + path)
    open(path, 'w').write(text.decode())
    shutil.rmtree(scratch)
