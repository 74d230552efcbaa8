/**
 * Makes a machine ready for the tests: system packages that they compare with, the built project, the default image.
 * Usage: node scripts/setup-tests.js (npm test runs it first)
 * As root it installs what is missing through apt; otherwise it says which command to run.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What must be there, and the Debian package that brings it. */
const NEEDED = [
  ['gcc', 'gcc'],
  ['riscv64-linux-gnu-gcc', 'gcc-riscv64-linux-gnu'],
  ['/usr/riscv64-linux-gnu/lib/libc.a', 'libc6-dev-riscv64-cross'],
  ['/usr/include/x86_64-linux-gnu/sys/types.h', 'libc6-dev'],
  ['qemu-riscv64', 'qemu-user'],
  ['/usr/bin/qemu-riscv64-static', 'qemu-user-static'],
  ['strace', 'strace'],
  ['chromium', 'chromium'],
  ['/usr/share/keyrings/debian-archive-keyring.gpg', 'debian-archive-keyring'],
  ['tmux', 'tmux'],
];

const missing = NEEDED.filter(([what]) => !isThere(what)).map(([, name]) => name);
if (missing.length > 0) install([...new Set(missing)]);
if (!existsSync('dist/bundle/ringfence.cjs')) run('npm', ['run', 'build']);
if (!hasDefaultImage()) run(process.execPath, ['bin/ringfence.js', 'image', 'build', 'debian-riscv64']);

function isThere(what) {
  return what.startsWith('/') ? existsSync(what) : !spawnSync(what, ['--version']).error;
}

function install(packages) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (spawnSync('apt-get', ['--version']).error)
    fail(`these Debian packages are missing, and there is no apt here: ${packages.join(' ')}`);
  if (process.getuid() !== 0) fail(`the tests compare with real tools that are missing; run: sudo ${command}`);
  console.log(`installing ${packages.join(' ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-q'], environment);
  run('apt-get', command.split(' ').slice(1), environment);
}

function hasDefaultImage() {
  const listed = execFileSync(process.execPath, ['bin/ringfence.js', 'image', 'ls', '--json'], { encoding: 'utf8' });
  return JSON.parse(listed).some((image) => image.name === 'debian-riscv64' && image.meta !== null);
}

function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (error || status !== 0) fail(`${command} ${args.join(' ')} failed`);
}

function fail(text) {
  console.error(`setup-tests: ${text}`);
  process.exit(1);
}
