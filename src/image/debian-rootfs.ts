/**
 * Makes a Debian root file system of unpacked packages: what their maintainer scripts, debootstrap and the installer
 * would have done, as far as programs see it. No script is run.
 *
 * Interface: prepareRootfs (before unpacking), finishRootfs (after it), FinishOptions.
 * Not done: /etc/ld.so.cache (ld.so(8) then searches the default directories), the catalogues of man and locale.
 * See hier(7), pam.d(5), hosts(5), nsswitch.conf(5), shadow(5), update-alternatives(1), tzfile(5), and Debian's base-passwd.
 */
import { fromText } from './byte-string.ts';
import type { DebPackage } from './deb.ts';
import type { FileTree, NodeAttributes } from './file-tree.ts';
import { S_IFREG } from '../abi/file-mode.ts';
import { defaultAttributes } from './file-tree.ts';

export interface FinishOptions {
  readonly hostname: string;
  /** Name of the user with uid and gid 1000. */
  readonly user: string;
}

/** Directories that Debian's merged /usr replaces by links; those of other word sizes only where packages use them. */
const MERGED = ['bin', 'lib', 'sbin'];
const MERGED_IF_USED = ['lib64', 'lib32', 'libx32', 'libo32'];

/** Link, alternatives in order of preference: the first that is there wins, as priorities would have it. */
const ALTERNATIVES: readonly (readonly [string, readonly string[]])[] = [
  ['awk', ['gawk', 'mawk', 'original-awk']],
  ['nawk', ['gawk', 'mawk', 'original-awk']],
  ['pager', ['less', 'more']],
  ['editor', ['nano', 'vim.basic', 'vim.tiny']],
  ['vi', ['vim.basic', 'vim.tiny', 'nvi']],
  ['view', ['vim.basic', 'vim.tiny', 'nvi']],
  ['ex', ['vim.basic', 'vim.tiny', 'nvi']],
  ['vim', ['vim.basic']],
  ['which', ['which.debianutils']],
  ['nc', ['nc.openbsd', 'nc.traditional']],
  ['rmt', ['rmt-tar']],
  ['c++', ['g++']],
  ['cc', ['gcc']],
  ['c99', ['c99-gcc']],
  ['c89', ['c89-gcc']],
  ['lzma', ['xz']],
];

const SHELLS = [
  '/bin/sh',
  '/usr/bin/sh',
  '/bin/bash',
  '/usr/bin/bash',
  '/bin/rbash',
  '/bin/dash',
  '/usr/bin/dash',
  '/bin/zsh',
];

const NSSWITCH = `passwd:         files
group:          files
shadow:         files
gshadow:        files

hosts:          files dns
networks:       files

protocols:      db files
services:       db files
ethers:         db files
rpc:            db files
`;

/** Lays the links of merged /usr, below which the packages then unpack. See Debian policy, "merged /usr". */
export function prepareRootfs(tree: FileTree): void {
  tree.addDirectory('usr', defaultAttributes(0o755));
  for (const name of [...MERGED, ...MERGED_IF_USED]) {
    tree.addDirectory(`usr/${name}`, defaultAttributes(0o755));
    tree.addSymlink(name, defaultAttributes(0o777), `usr/${name}`);
  }
}

export function finishRootfs(tree: FileTree, packages: readonly DebPackage[], options: FinishOptions): void {
  // Everything that no package dates has the date of the latest that one does: the same packages give the same image.
  const mtimeSec = packages.reduce((latest, { latestMtimeSec }) => Math.max(latest, latestMtimeSec), 0);
  const rootfs = new Rootfs(tree, mtimeSec);
  removeUnusedLinks(tree);
  addDirectories(rootfs, options.user);
  addAccounts(rootfs, options.user);
  addConfiguration(rootfs, options);
  addAlternatives(rootfs);
  addPamStacks(rootfs);
  addHomes(rootfs, options.user);
  addDpkgDatabase(rootfs, packages);
  tree.root.mtimeSec = mtimeSec;
}

class Rootfs {
  readonly tree: FileTree;
  readonly #mtimeSec: number;

  constructor(tree: FileTree, mtimeSec: number) {
    this.tree = tree;
    this.#mtimeSec = mtimeSec;
  }

  attributes(mode: number, uid = 0, gid = 0): NodeAttributes {
    return { ...defaultAttributes(mode, this.#mtimeSec), uid, gid };
  }

  has(path: string): boolean {
    return this.tree.find(path) !== null;
  }

  write(path: string, content: string | Uint8Array, mode = 0o644, uid = 0, gid = 0): void {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    this.tree.addFile(fromText(path), this.attributes(mode, uid, gid), bytes);
  }

  writeIfAbsent(path: string, content: string | Uint8Array, mode = 0o644): void {
    if (!this.has(path)) this.write(path, content, mode);
  }
}

function removeUnusedLinks(tree: FileTree): void {
  for (const name of MERGED_IF_USED) {
    if ((tree.find(`usr/${name}`)?.children.size ?? 0) > 0) continue;
    tree.remove(name);
    tree.remove(`usr/${name}`);
  }
}

function addDirectories(rootfs: Rootfs, user: string): void {
  const directories: readonly (readonly [string, number, number?])[] = [
    ['dev', 0o755],
    ['dev/pts', 0o755],
    ['dev/shm', 0o1777],
    ['proc', 0o555],
    ['sys', 0o555],
    ['run', 0o755],
    ['run/lock', 0o1777],
    ['tmp', 0o1777],
    ['var/tmp', 0o1777],
    ['root', 0o700],
    ['home', 0o755],
    [`home/${user}`, 0o755, 1000],
    ['mnt', 0o755],
    ['media', 0o755],
    ['opt', 0o755],
    ['srv', 0o755],
    ['boot', 0o755],
    ['var/lib/dpkg/info', 0o755],
  ];
  for (const [path, mode, owner = 0] of directories)
    rootfs.tree.addDirectory(path, rootfs.attributes(mode, owner, owner));
  if (!rootfs.has('var/run')) rootfs.tree.addSymlink('var/run', rootfs.attributes(0o777), '/run');
  if (!rootfs.has('var/lock')) rootfs.tree.addSymlink('var/lock', rootfs.attributes(0o777), '/run/lock');
}

/** As base-passwd's postinst and `shadowconfig on` leave them, with one more user. No password opens any account. */
function addAccounts(rootfs: Rootfs, user: string): void {
  const masters = 'usr/share/base-passwd';
  const passwd = rootfs.tree.readText(`${masters}/passwd.master`) ?? 'root:*:0:0:root:/root:/bin/bash\n';
  const group = rootfs.tree.readText(`${masters}/group.master`) ?? 'root:*:0:\n';
  const shell = rootfs.has('bin/bash') ? '/bin/bash' : '/bin/sh';
  const users = [...lines(passwd), `${user}:*:1000:1000:${user}:/home/${user}:${shell}`].map((line) => line.split(':'));
  const groups = [...lines(group), `${user}:*:1000:`].map((line) => line.split(':'));
  for (const row of users) if (row[0] === 'root' && !rootfs.has(row[6]!)) row[6] = '/bin/sh';
  const rows = (all: string[][], make: (row: string[]) => string): string =>
    all.map((row) => `${make(row)}\n`).join('');
  const shadowGid = Number(groups.find(([name]) => name === 'shadow')?.[2] ?? 0);
  rootfs.write(
    'etc/passwd',
    rows(users, ([name, , ...rest]) => [name, 'x', ...rest].join(':')),
  );
  rootfs.write(
    'etc/group',
    rows(groups, ([name, , ...rest]) => [name, 'x', ...rest].join(':')),
  );
  rootfs.write(
    'etc/shadow',
    rows(users, ([name]) => `${name}:*:19000:0:99999:7:::`),
    0o640,
    0,
    shadowGid,
  );
  rootfs.write(
    'etc/gshadow',
    rows(groups, ([name]) => `${name}:*::`),
    0o640,
    0,
    shadowGid,
  );
}

function addConfiguration(rootfs: Rootfs, { hostname }: FinishOptions): void {
  rootfs.write('etc/hostname', `${hostname}\n`);
  rootfs.write(
    'etc/hosts',
    `127.0.0.1\tlocalhost\n127.0.1.1\t${hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`,
  );
  rootfs.write('etc/resolv.conf', '');
  rootfs.writeIfAbsent('etc/fstab', '# Nothing is mounted from here.\n');
  rootfs.writeIfAbsent('etc/environment', '');
  rootfs.writeIfAbsent('etc/nsswitch.conf', NSSWITCH);
  rootfs.write(
    'etc/shells',
    `# /etc/shells: valid login shells\n${SHELLS.filter((shell) => rootfs.has(shell)).join('\n')}\n`,
  );
  rootfs.writeIfAbsent('etc/profile', rootfs.tree.readText('usr/share/base-files/profile') ?? '');
  rootfs.writeIfAbsent('etc/motd', rootfs.tree.readText('usr/share/base-files/motd') ?? '');
  rootfs.writeIfAbsent('etc/timezone', 'Etc/UTC\n');
  rootfs.writeIfAbsent('etc/machine-id', '');
  if (rootfs.has('usr/share/zoneinfo/Etc/UTC')) {
    rootfs.tree.addSymlink('etc/localtime', rootfs.attributes(0o777), '/usr/share/zoneinfo/Etc/UTC');
  } else {
    rootfs.write('etc/localtime', utcZone());
  }
  if (!rootfs.has('etc/mtab')) rootfs.tree.addSymlink('etc/mtab', rootfs.attributes(0o777), '../proc/self/mounts');
  if (!rootfs.has('bin/sh')) {
    const shell = ['dash', 'bash', 'busybox'].find((name) => rootfs.has(`bin/${name}`));
    if (shell !== undefined) rootfs.tree.addSymlink('bin/sh', rootfs.attributes(0o777), shell);
  }
}

function addAlternatives(rootfs: Rootfs): void {
  rootfs.tree.addDirectory('etc/alternatives', rootfs.attributes(0o755));
  for (const [link, candidates] of ALTERNATIVES) {
    for (const directory of ['usr/bin', 'usr/sbin']) {
      const chosen = candidates.find((name) => rootfs.has(`${directory}/${name}`));
      if (chosen === undefined || rootfs.has(`${directory}/${link}`)) continue;
      rootfs.tree.addSymlink(`etc/alternatives/${link}`, rootfs.attributes(0o777), `/${directory}/${chosen}`);
      rootfs.tree.addSymlink(`${directory}/${link}`, rootfs.attributes(0o777), `/etc/alternatives/${link}`);
    }
  }
}

/** The stacks that /etc/pam.d/su, login and others include, as pam-auth-update(8) writes them for pam_unix alone. */
function addPamStacks(rootfs: Rootfs): void {
  if (!rootfs.has('etc/pam.d')) return;
  const stack = (type: string, unix: string, permit: string): string =>
    `${type}\t[success=1 default=ignore]\t${unix}\n${type}\trequisite\tpam_deny.so\n${type}\trequired\t${permit}\n`;
  const session = 'session\trequired\tpam_unix.so\n';
  rootfs.writeIfAbsent('etc/pam.d/common-auth', stack('auth', 'pam_unix.so nullok', 'pam_permit.so'));
  rootfs.writeIfAbsent('etc/pam.d/common-account', stack('account', 'pam_unix.so', 'pam_permit.so'));
  rootfs.writeIfAbsent('etc/pam.d/common-password', stack('password', 'pam_unix.so obscure yescrypt', 'pam_permit.so'));
  rootfs.writeIfAbsent('etc/pam.d/common-session', session);
  rootfs.writeIfAbsent('etc/pam.d/common-session-noninteractive', session);
}

/** root's files from base-files, as its postinst copies them; the user's from /etc/skel, as adduser(8) does. */
function addHomes(rootfs: Rootfs, user: string): void {
  for (const [from, to] of [
    ['dot.profile', '.profile'],
    ['dot.bashrc', '.bashrc'],
  ]) {
    const content = rootfs.tree.readFile(`usr/share/base-files/${from}`);
    if (content !== null) rootfs.write(`root/${to}`, content);
  }
  for (const [name, node] of rootfs.tree.find('etc/skel')?.children ?? []) {
    if (node.type !== S_IFREG) continue;
    rootfs.tree.addStagedFile(`home/${user}/${name}`, rootfs.attributes(0o644, 1000, 1000), node.offset, node.size);
  }
}

/** Records the packages as installed, so that dpkg-query inside tells the truth. See dpkg(1), FILES. */
function addDpkgDatabase(rootfs: Rootfs, packages: readonly DebPackage[]): void {
  const byName = [...packages].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const status = byName.map(({ control, controlFiles }) => {
    const [first, ...rest] = control.split('\n');
    const conffiles = conffilesField(rootfs, controlFiles.get('conffiles'));
    return [first, 'Status: install ok installed', ...rest, ...conffiles].join('\n');
  });
  rootfs.write('var/lib/dpkg/status', status.map((paragraph) => `${paragraph}\n\n`).join(''));
  rootfs.write('var/lib/dpkg/available', '');
  rootfs.write('var/lib/dpkg/diversions', '');
  rootfs.write('var/lib/dpkg/statoverride', '');
  rootfs.write('var/lib/dpkg/info/format', '1\n');
  for (const { fields, controlFiles, paths } of byName) {
    const name = fields.get('Package') ?? '';
    const isMultiarchSame = fields.get('Multi-Arch') === 'same';
    const base = `var/lib/dpkg/info/${isMultiarchSame ? `${name}:${fields.get('Architecture') ?? ''}` : name}`;
    rootfs.write(`${base}.list`, paths.map((path) => `${path}\n`).join(''));
    for (const [file, content] of controlFiles) {
      const isScript = /^(pre|post)(inst|rm)$|^config$/.test(file);
      rootfs.write(`${base}.${file}`, content, isScript ? 0o755 : 0o644);
    }
  }
}

function nameOf({ fields }: DebPackage): string {
  return fields.get('Package') ?? '';
}

/** dpkg keeps an MD5 with each configuration file; 'newconffile' stands where it has none yet. */
function conffilesField(rootfs: Rootfs, list: Uint8Array | undefined): string[] {
  if (list === undefined) return [];
  const paths = lines(new TextDecoder().decode(list)).filter((path) => rootfs.has(fromText(path)));
  return paths.length === 0 ? [] : ['Conffiles:', ...paths.map((path) => ` ${path} newconffile`)];
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** A tzfile(5) of version 2 that says UTC: one type, no transition. */
function utcZone(): Uint8Array {
  const block = new Uint8Array(54);
  block.set(new TextEncoder().encode('TZif2'));
  // The six counts begin at 20; typecnt is the fifth and charcnt the sixth.
  block[39] = 1;
  block[43] = 4;
  block.set(new TextEncoder().encode('UTC\0'), 50);
  const zone = new Uint8Array(114);
  zone.set(block);
  zone.set(block, 54);
  zone.set(new TextEncoder().encode('\nUTC0\n'), 108);
  return zone;
}
