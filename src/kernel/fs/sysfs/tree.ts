/**
 * What stands in /sys: as much as programs look at. See sysfs(5).
 *
 * Interface: SYSFS_ROOT.
 */
import { dir, type DirNode, file, type FileNode, link, type LinkNode } from '../proc/node.ts';
import { memoryCounts } from '../proc/system/memory.ts';

/** Linux: files of sysfs are 4096 bytes long, whatever is in them. */
const text = (content: string): FileNode<null> => file(0o444, () => [`${content}\n`]);
const linkTo = (target: string): LinkNode<null> => link(() => ({ target }));
const EMPTY: DirNode<null> = dir({}, 0o755);
const directory = (entries: DirNode<null>['entries']): DirNode<null> => dir(entries, 0o755);

const CPU = directory({
  online: text('0'),
  possible: text('0'),
  present: text('0'),
  offline: text(''),
  isolated: text(''),
  kernel_max: text('0'),
  cpu0: directory({
    topology: directory({
      cluster_cpus: text('1'),
      cluster_cpus_list: text('0'),
      cluster_id: text('-1'),
      core_cpus: text('1'),
      core_cpus_list: text('0'),
      core_id: text('0'),
      core_siblings: text('1'),
      core_siblings_list: text('0'),
      package_cpus: text('1'),
      package_cpus_list: text('0'),
      physical_package_id: text('0'),
      thread_siblings: text('1'),
      thread_siblings_list: text('0'),
    }),
  }),
});

const NODE = directory({
  has_cpu: text('0'),
  has_memory: text('0'),
  has_normal_memory: text('0'),
  online: text('0'),
  possible: text('0'),
  node0: directory({
    cpulist: text('0'),
    cpumap: text('1'),
    distance: text('10'),
    meminfo: file(0o444, (kernel) => {
      const { total, free } = memoryCounts(kernel);
      const line = (name: string, pages: number): string =>
        `Node 0 ${`${name}:`.padEnd(15)}${String(pages * 4).padStart(8)} kB\n`;
      return [line('MemTotal', total), line('MemFree', free), line('MemUsed', total - free)];
    }),
    cpu0: linkTo('../../cpu/cpu0'),
  }),
});

const LOOPBACK = directory({
  address: text('00:00:00:00:00:00'),
  addr_len: text('6'),
  broadcast: text('00:00:00:00:00:00'),
  carrier: text('1'),
  flags: text('0x9'),
  ifindex: text('1'),
  iflink: text('1'),
  mtu: text('65536'),
  operstate: text('unknown'),
  tx_queue_len: text('1000'),
  type: text('772'),
  statistics: directory(
    Object.fromEntries(
      ['rx_bytes', 'rx_dropped', 'rx_errors', 'rx_packets', 'tx_bytes', 'tx_dropped', 'tx_errors', 'tx_packets'].map(
        (name) => [name, text('0')],
      ),
    ),
  ),
});

const TTYS = { console: '5:1', ptmx: '5:2', tty: '5:0', ttyS0: '4:64' } as const;

export const SYSFS_ROOT: DirNode<null> = directory({
  block: EMPTY,
  bus: directory({ cpu: EMPTY, pci: directory({ devices: EMPTY }) }),
  class: directory({
    block: EMPTY,
    mem: EMPTY,
    net: directory({ lo: linkTo('../../devices/virtual/net/lo') }),
    tty: directory(
      Object.fromEntries(Object.keys(TTYS).map((name) => [name, linkTo(`../../devices/virtual/tty/${name}`)])),
    ),
  }),
  dev: directory({
    block: EMPTY,
    char: directory(
      Object.fromEntries(Object.entries(TTYS).map(([name, dev]) => [dev, linkTo(`../../devices/virtual/tty/${name}`)])),
    ),
  }),
  devices: directory({
    system: directory({ cpu: CPU, node: NODE }),
    virtual: directory({
      net: directory({ lo: LOOPBACK }),
      tty: directory(
        Object.fromEntries(
          Object.entries(TTYS).map(([name, dev]) => {
            const [major, minor] = dev.split(':');
            const uevent = file<null>(0o444, () => [`MAJOR=${major}\nMINOR=${minor}\nDEVNAME=${name}\n`]);
            const active = { active: text('ttyS0') };
            return [
              name,
              directory({
                dev: text(dev),
                uevent,
                subsystem: linkTo('../../../../class/tty'),
                ...(name === 'console' ? active : {}),
              }),
            ];
          }),
        ),
      ),
    }),
  }),
  firmware: EMPTY,
  fs: directory({ cgroup: EMPTY, fuse: directory({ connections: EMPTY }) }),
  hypervisor: EMPTY,
  kernel: directory({
    mm: directory({
      hugepages: EMPTY,
      transparent_hugepage: directory({
        defrag: text('always defer defer+madvise madvise [never]'),
        enabled: text('always madvise [never]'),
        hpage_pmd_size: text('2097152'),
        shmem_enabled: text('always within_size advise [never] deny force'),
      }),
    }),
    security: EMPTY,
    debug: dir({}, 0o700),
    tracing: dir({}, 0o700),
  }),
  module: EMPTY,
  power: EMPTY,
});
