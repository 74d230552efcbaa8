import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../kernel.ts';
import { userCred } from '../../task/cred.ts';
import { forgetTask } from '../../task/task.ts';
import type { Task } from '../../task/types.ts';
import { filePlace } from '../../vfs/file.ts';
import { addProcess, addThread, list, openFd, procKernel, readText, target, writeText } from './testing.ts';

const alice = userCred(1000, 1000);
const bob = userCred(1001, 1001);

describe('/proc/PID', () => {
  it('writes stat with the 52 fields of Linux', () => {
    const { kernel } = procKernel();
    const task = addProcess(kernel, { comm: 'a b) (c' });
    const text = read(kernel, task, '/proc/self/stat');
    expect(text).toMatch(/^\d+ \(a b\) \(c\) S( -?\d+){49}\n$/);
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    expect(fields.slice(0, 4)).toEqual(['S', '1', String(task.tid), String(task.tid)]);
    expect(Number(fields[20])).toBe(14 * 4096);
  });

  it('writes status, statm and limits', () => {
    const { kernel, init } = procKernel();
    const status = read(kernel, init, '/proc/1/status');
    expect(status).toMatch(
      /^Name:\tinit\nUmask:\t0022\nState:\tS \(sleeping\)\nTgid:\t1\nNgid:\t0\nPid:\t1\nPPid:\t0\n/,
    );
    expect(status).toMatch(/^VmSize:\t {6}56 kB$/m);
    expect(status).toMatch(/^Uid:\t0\t0\t0\t0$/m);
    expect(status).toMatch(/^CapEff:\t000001ffffffffff$/m);
    expect(status).toMatch(/^SigQ:\t0\/1000$/m);
    for (const line of status.trimEnd().split('\n')) expect(line).toMatch(/^[A-Za-z_]+:\t/);
    expect(read(kernel, init, '/proc/1/statm')).toMatch(/^14 \d+ \d+ 2 0 12 0\n$/);
    expect(read(kernel, init, '/proc/1/limits').split('\n').slice(0, 2)).toEqual([
      'Limit                     Soft Limit           Hard Limit           Units     ',
      'Max cpu time              unlimited            unlimited            seconds   ',
    ]);
  });

  it('writes maps and smaps in columns', () => {
    const { kernel, init } = procKernel();
    const maps = read(kernel, init, '/proc/1/maps').trimEnd().split('\n');
    expect(maps[0]).toBe('00010000-00012000 r-xp 00000000 00:00 0 ');
    expect(maps[1]).toBe('00020000-00024000 rw-p 00000000 00:00 0'.padEnd(73) + '[heap]');
    expect(maps[2]!.slice(73)).toBe('[stack]');
    const smaps = read(kernel, init, '/proc/1/smaps');
    expect(smaps).toMatch(/^Size: {18}8 kB\nKernelPageSize: {8}4 kB\n/m);
    expect(smaps.match(/^VmFlags: [a-z ]+ $/gm)).toHaveLength(3);
    expect(read(kernel, init, '/proc/1/smaps_rollup')).toMatch(
      /^00010000-7fff0000 ---p 00000000 00:00 0 {34}\[rollup\]\nRss: +\d+ kB\n/,
    );
  });

  it('shows arguments, environment and memory', () => {
    const { kernel } = procKernel();
    const task = addProcess(kernel, { argv: ['sh', '-c', 'true'], env: ['A=1', 'B=2'] });
    expect(read(kernel, task, '/proc/self/cmdline')).toBe('sh\0-c\0true\0');
    expect(read(kernel, task, '/proc/self/environ')).toBe('A=1\0B=2\0');
    expect(readText(kernel, task, '/proc/self/mem')).toBe('EIO');
  });

  it('gives one text over partial reads', () => {
    const { kernel, init } = procKernel();
    expect(readText(kernel, init, '/proc/1/status', 7)).toEqual(readText(kernel, init, '/proc/1/status'));
  });

  it('lists processes and threads, and drops those that are gone', () => {
    const { kernel, init } = procKernel();
    const task = addProcess(kernel);
    const thread = addThread(kernel, task);
    const names = list(kernel, init, '/proc') as string[];
    expect(names.filter((name) => /^\d/.test(name))).toEqual(['1', String(task.tid)]);
    expect(list(kernel, init, `/proc/${task.tid}/task`)).toEqual([String(task.tid), String(thread.tid)]);
    expect(target(kernel, thread, '/proc/thread-self')).toEqual({ target: `${task.tid}/task/${thread.tid}` });
    expect(read(kernel, init, `/proc/${task.tid}/task/${thread.tid}/status`)).toMatch(/^Pid:\t3$/m);
    expect(list(kernel, init, `/proc/${thread.tid}/task`)).toHaveLength(2);
    for (const gone of [thread, task]) forgetTask(kernel, gone);
    expect(readText(kernel, init, `/proc/${task.tid}/status`)).toBe('ENOENT');
  });

  it('does not keep inodes of processes that are gone', () => {
    const { kernel, init } = procKernel();
    const before = kernel.inodes.size;
    for (let i = 0; i < 400; i++) {
      const task = addProcess(kernel);
      for (const name of ['stat', 'status', 'task', `task/${task.tid}/comm`])
        void readText(kernel, init, `/proc/${task.tid}/${name}`);
      task.files = task.fs = 0;
      forgetTask(kernel, task);
    }
    expect(kernel.inodes.size - before).toBeLessThan(600);
    expect(kernel.dentries.size).toBeLessThan(700);
  });

  it('leads through fd, cwd and root to the place itself', () => {
    const { kernel, init } = procKernel();
    const fd = openFd(kernel, init, '/file', 0o102);
    expect(list(kernel, init, '/proc/self/fd')).toEqual(['0']);
    expect(target(kernel, init, `/proc/self/fd/${fd}`)).toMatchObject({ target: '/file' });
    expect(target(kernel, init, '/proc/self/cwd')).toMatchObject({ target: '/' });
    expect(target(kernel, init, '/proc/self/exe')).toBe('ENOENT');
    expect(read(kernel, init, `/proc/self/fdinfo/${fd}`)).toMatch(
      /^pos:\t0\nflags:\t0\d*2\nmnt_id:\t\d+\nino:\t\d+\n$/,
    );
    const file = kernel.files.get(kernel.fdTables.get(init.files)!.fds[fd]!.file)!;
    expect(filePlace(kernel, file)).toEqual(file.path);
    expect(readText(kernel, init, '/proc/self/fd/77')).toBe('ENOENT');
  });

  it('hides from other users what is private', () => {
    const { kernel } = procKernel();
    const hers = addProcess(kernel, { cred: alice });
    const his = addProcess(kernel, { cred: bob });
    for (const name of ['environ', 'maps', 'mem', 'io']) {
      expect(readText(kernel, his, `/proc/${hers.tid}/${name}`)).toBe('EACCES');
    }
    expect(read(kernel, his, `/proc/${hers.tid}/stat`)).toMatch(/^\d+ \(task\)/);
    expect(list(kernel, his, `/proc/${hers.tid}/fd`)).toBe('EACCES');
    expect(target(kernel, his, `/proc/${hers.tid}/cwd`)).toBe('EACCES');
    kernel.mms.get(hers.mm)!.dumpable = 0;
    expect(list(kernel, hers, '/proc/self/fd')).toEqual([]);
    expect(readText(kernel, hers, '/proc/self/environ')).toBe('EACCES');
  });

  it('takes comm and oom_score_adj', () => {
    const { kernel } = procKernel();
    const task = addProcess(kernel, { cred: alice });
    expect(writeText(kernel, task, '/proc/self/comm', 'a name that is too long\n')).toBe(24);
    expect(read(kernel, task, '/proc/self/comm')).toBe('a name that is \n');
    expect(writeText(kernel, task, '/proc/self/oom_score_adj', '500\n')).toBe(4);
    expect(task.oomScoreAdj).toBe(500);
    expect(writeText(kernel, task, '/proc/self/oom_score_adj', '-1')).toBe('EACCES');
    expect(writeText(kernel, task, '/proc/self/oom_score_adj', '1001')).toBe('EINVAL');
    expect(writeText(kernel, task, '/proc/self/stat', 'x')).toBe('EACCES');
  });
});

describe('what a process inherits', () => {
  it('keeps the core dump filter and the login', () => {
    const { kernel, init } = procKernel();
    expect(read(kernel, init, '/proc/self/coredump_filter')).toBe('00000033\n');
    expect(writeText(kernel, init, '/proc/self/coredump_filter', '0x7f')).toBe(4);
    const task = addProcess(kernel, { cred: alice });
    expect(read(kernel, task, '/proc/self/coredump_filter')).toBe('0000007f\n');
    expect(read(kernel, task, '/proc/self/loginuid')).toBe('4294967295');
    expect(writeText(kernel, task, '/proc/self/loginuid', '1000')).toBe(4);
    expect(read(kernel, task, '/proc/self/loginuid')).toBe('1000');
    expect(read(kernel, task, '/proc/self/sessionid')).toBe('1');
    expect(writeText(kernel, task, '/proc/self/loginuid', '0')).toBe('EPERM');
  });

  it('has its namespaces at one place each', () => {
    const { kernel, init } = procKernel();
    const task = addProcess(kernel);
    const one = target(kernel, init, '/proc/self/ns/pid');
    expect(one).toMatchObject({ target: 'pid:[4026531836]' });
    expect(target(kernel, task, '/proc/self/ns/pid_for_children')).toEqual(one);
    expect(readText(kernel, task, '/proc/1/ns/uts')).toEqual({ text: '' });
  });
});

describe('/proc', () => {
  it('writes mounts and mountinfo', () => {
    const { kernel, init } = procKernel();
    expect(read(kernel, init, '/proc/mounts')).toBe(
      'rootfs / tmpfs rw 0 0\nproc /proc proc rw 0 0\nsysfs /sys sysfs rw 0 0\n',
    );
    for (const line of read(kernel, init, '/proc/self/mountinfo').trimEnd().split('\n')) {
      expect(line).toMatch(/^\d+ \d+ \d+:\d+ \/ \/\S* r[wo]\S* - \w+ \w+ r[wo]\S*$/);
    }
  });

  it('writes meminfo, stat, uptime, loadavg and interrupts', () => {
    const { kernel, init } = procKernel();
    const meminfo = read(kernel, init, '/proc/meminfo');
    expect(meminfo).toMatch(/^MemTotal: {11}8192 kB\nMemFree: +\d+ kB\nMemAvailable: +\d+ kB\nBuffers: /);
    for (const line of meminfo.trimEnd().split('\n')) expect(line).toMatch(/^[A-Za-z_()0-9]+: +\d+( kB)?$/);
    expect(read(kernel, init, '/proc/stat')).toMatch(
      /^cpu {2}2 0 1 \d+ 0 0 0 0 0 0\ncpu0 2 0 1 \d+ 0 0 0 0 0 0\nintr 45 42 3\nctxt 5\nbtime \d+\nprocesses 2\nprocs_running \d+\nprocs_blocked 0\nsoftirq /,
    );
    expect(read(kernel, init, '/proc/uptime')).toMatch(/^\d+\.\d\d \d+\.\d\d\n$/);
    expect(read(kernel, init, '/proc/loadavg')).toMatch(/^0\.00 0\.00 0\.00 0\/1 1\n$/);
    const interrupts = read(kernel, init, '/proc/interrupts').split('\n');
    expect(interrupts[1]).toBe(' 10:         42  RISC-V INTC   5 Edge      riscv-timer');
    expect(interrupts[2]).toBe(' 11:          3  SiFive PLIC  10 Edge      ttyS0');
  });

  it('reads every file of every tree without failing', () => {
    const { kernel, init } = procKernel();
    const odd = new Set<string>();
    const visit = (path: string): void => {
      for (const name of list(kernel, init, path) as string[]) {
        const child = `${path}/${name}`;
        const link = target(kernel, init, child);
        if (typeof link === 'object' || /\/(kmsg|mem|pagemap)$/.test(child)) continue;
        if (Array.isArray(list(kernel, init, child))) visit(child);
        else if (typeof readText(kernel, init, child) === 'string') odd.add(child);
      }
    };
    visit('/proc');
    visit('/sys');
    expect([...odd].filter((path) => !/attr|clear_refs|drop_caches|exe$/.test(path))).toEqual([]);
  });

  it('sets kernel parameters', () => {
    const { kernel, init } = procKernel();
    expect(writeText(kernel, init, '/proc/sys/kernel/hostname', 'other\n')).toBe(6);
    expect(kernel.hostname).toBe('other');
    expect(writeText(kernel, init, '/proc/sys/vm/overcommit_memory', '2\n')).toBe(2);
    expect(kernel.sysctl.get('vm/overcommit_memory')).toBe('2');
    expect(writeText(kernel, init, '/proc/sys/vm/overcommit_memory', '3\n')).toBe('EINVAL');
    expect(writeText(kernel, init, '/proc/sys/kernel/osrelease', 'x')).toBe('EACCES');
    expect(writeText(kernel, init, '/proc/sys/vm/drop_caches', '3')).toBe(1);
    expect(read(kernel, init, '/proc/sys/kernel/random/uuid')).toBe('5a5a5a5a-5a5a-4a5a-9a5a-5a5a5a5a5a5a\n');
    expect(read(kernel, init, '/proc/sys/kernel/random/boot_id')).toMatch(/^[0-9a-f-]{36}\n$/);
    const user = addProcess(kernel, { cred: alice });
    expect(writeText(kernel, user, '/proc/sys/kernel/hostname', 'x')).toBe('EACCES');
  });
});

describe('/sys', () => {
  it('tells of one processor', () => {
    const { kernel, init } = procKernel();
    expect(read(kernel, init, '/sys/devices/system/cpu/online')).toBe('0\n');
    expect(read(kernel, init, '/sys/class/net/lo/mtu')).toBe('65536\n');
    expect(read(kernel, init, '/sys/kernel/mm/transparent_hugepage/enabled')).toBe('always madvise [never]\n');
    expect(list(kernel, init, '/sys/fs/cgroup')).toEqual([]);
  });
});

function read(kernel: Kernel, task: Task, path: string): string {
  const result = readText(kernel, task, path);
  if (typeof result !== 'object' || !('text' in result)) throw new Error(`${path}: ${JSON.stringify(result)}`);
  return result.text;
}
