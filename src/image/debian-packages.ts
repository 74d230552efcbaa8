/**
 * The packages of the default Debian image: a shell, the usual tools, two editors, and what they need.
 *
 * Interface: DEFAULT_PACKAGES.
 */
export const DEFAULT_PACKAGES: readonly string[] = [
  // The skeleton of the system.
  'base-files',
  'base-passwd',
  'debianutils',
  'hostname',
  'libc-bin',
  'login',
  'mount',
  'ncurses-base',
  'ncurses-bin',
  'netbase',
  'passwd',
  // Shells.
  'bash',
  'busybox-static',
  'dash',
  // Tools.
  'bsdutils',
  'coreutils',
  'diffutils',
  'findutils',
  'grep',
  'gzip',
  'less',
  'mawk',
  'nano',
  'procps',
  'sed',
  'tar',
  'util-linux',
  'vim-tiny',
];
