/**
 * Structs of sockets. See sendmsg(2), unix(7), ip(7), ipv6(7), netlink(7), packet(7), netdevice(7).
 *
 * Ports and IPv4 addresses are in network byte order, so they are bytes here. Source: linux/socket.h, linux/un.h, linux/in.h,
 * linux/in6.h, linux/netlink.h, linux/if_packet.h, linux/if.h.
 */

import { bytes, defineStruct, i32, nested, pointer, u16, u32, u8, ulong } from '../struct.ts';

export const SOCKADDR = defineStruct('sockaddr', { sa_family: u16, sa_data: bytes(14) });
export const SOCKADDR_UN = defineStruct('sockaddr_un', { sun_family: u16, sun_path: bytes(108) });
export const SOCKADDR_IN = defineStruct('sockaddr_in', {
  sin_family: u16,
  sin_port: bytes(2),
  sin_addr: bytes(4),
  _pad: bytes(8),
});
export const SOCKADDR_IN6 = defineStruct('sockaddr_in6', {
  sin6_family: u16,
  sin6_port: bytes(2),
  sin6_flowinfo: u32,
  sin6_addr: bytes(16),
  sin6_scope_id: u32,
});
export const SOCKADDR_NL = defineStruct('sockaddr_nl', { nl_family: u16, _nl_pad: u16, nl_pid: u32, nl_groups: u32 });
export const SOCKADDR_LL = defineStruct('sockaddr_ll', {
  sll_family: u16,
  sll_protocol: bytes(2),
  sll_ifindex: i32,
  sll_hatype: u16,
  sll_pkttype: u8,
  sll_halen: u8,
  sll_addr: bytes(8),
});
export const MSGHDR = defineStruct('msghdr', {
  msg_name: pointer,
  msg_namelen: u32,
  msg_iov: pointer,
  msg_iovlen: ulong,
  msg_control: pointer,
  msg_controllen: ulong,
  msg_flags: u32,
});
export const MMSGHDR = defineStruct('mmsghdr', { msg_hdr: nested(MSGHDR), msg_len: u32 });
/** The head of a control message; its data follows, and the next head is aligned to a word. */
export const CMSGHDR = defineStruct('cmsghdr', { cmsg_len: ulong, cmsg_level: i32, cmsg_type: i32 });
export const UCRED = defineStruct('ucred', { pid: i32, uid: u32, gid: u32 });
export const LINGER = defineStruct('linger', { l_onoff: i32, l_linger: i32 });
export const IN_PKTINFO = defineStruct('in_pktinfo', { ipi_ifindex: i32, ipi_spec_dst: bytes(4), ipi_addr: bytes(4) });
export const IP_MREQN = defineStruct('ip_mreqn', { imr_multiaddr: bytes(4), imr_address: bytes(4), imr_ifindex: i32 });
export const IPV6_MREQ = defineStruct('ipv6_mreq', { ipv6mr_multiaddr: bytes(16), ipv6mr_ifindex: i32 });
export const NLMSGHDR = defineStruct('nlmsghdr', {
  nlmsg_len: u32,
  nlmsg_type: u16,
  nlmsg_flags: u16,
  nlmsg_seq: u32,
  nlmsg_pid: u32,
});
/** The name, then a union that the request tells apart. */
export const IFREQ = defineStruct('ifreq', { ifr_name: bytes(16), ifr_union: bytes({ bits32: 16, bits64: 24 }) });
export const IFCONF = defineStruct('ifconf', { ifc_len: i32, ifc_buf: pointer });
