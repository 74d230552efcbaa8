/** What this kernel says that it is. Interface: LINUX_VERSION. See uname(2). */
export const LINUX_VERSION = {
  sysname: 'Linux',
  release: '6.12.0-ringfence',
  version: '#1 SMP PREEMPT',
  banner: 'Linux version 6.12.0-ringfence (Ringfence, a kernel in TypeScript) #1 SMP PREEMPT',
} as const;
