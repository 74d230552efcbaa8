/**
 * /proc/net: the tables of the network stack. There is none yet: the loopback device and empty tables. See proc_pid_net(5).
 *
 * Interface: NET_ENTRIES.
 */
import { file, type FileNode } from '../node.ts';

const SOCKET_HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const SOCKET_HEAD_6 =
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

const DEV = [
  'Inter-|   Receive                                                |  Transmit\n',
  ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n',
  '    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0\n',
];
const ROUTE = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';

export const NET_ENTRIES: Readonly<Record<string, FileNode<unknown>>> = {
  arp: table('IP address       HW type     Flags       HW address            Mask     Device\n'),
  dev: table(...DEV),
  if_inet6: table(),
  raw: table(`${SOCKET_HEAD.replace('inode', 'inode ref pointer drops')}\n`),
  route: table(`${ROUTE.padEnd(127)}\n`),
  tcp: table(`${SOCKET_HEAD.padEnd(149)}\n`),
  tcp6: table(`${SOCKET_HEAD_6}\n`),
  udp: table(`${`${SOCKET_HEAD} ref pointer drops`.padEnd(127)}\n`),
  udp6: table(`${SOCKET_HEAD_6} ref pointer drops\n`),
  unix: table('Num       RefCount Protocol Flags    Type St Inode Path\n'),
};

function table(...lines: string[]): FileNode<unknown> {
  return file(0o444, () => lines);
}
