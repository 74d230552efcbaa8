/**
 * The oracle: programs of the image run by qemu-riscv64 on this machine's Linux, changed root into the image's tree.
 *
 * The tree is exported once for each image, below the temporary directory. Each run sees it under an overlay that it throws away, in
 * mount and process namespaces of its own. Children run too because binfmt_misc is told of qemu, opened at registration (flag F).
 *
 * Interface: prepareTree, runInTree.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportImageFile } from '../../src/image/export-node.ts';
import { openStore } from '../../src/index.ts';
import { ENVIRONMENT, SCRIPTS } from './script.ts';

const QEMU = '/usr/bin/qemu-riscv64-static';
const BINFMT = '/proc/sys/fs/binfmt_misc';

/** Exports the image once, registers qemu, and returns the tree's directory. Throws with what to do where that cannot be. */
export async function prepareTree(imageName: string): Promise<string> {
  if (process.getuid?.() !== 0)
    throw new Error('comparing with qemu takes root (chroot, mount): run this test as root');
  if (!existsSync(QEMU)) throw new Error(`${QEMU} is missing; run: apt-get install qemu-user-static`);
  registerQemu();
  const image = openStore()
    .list()
    .find(({ name }) => name === imageName);
  if (image === undefined || image.digest === null)
    throw new Error(`there is no image ${imageName}; run: node scripts/setup-tests.js`);
  const tree = join(tmpdir(), `ringfence-tree-${image.digest.slice(0, 16)}`);
  if (!existsSync(tree)) await exportTree(image.path, tree);
  return tree;
}

async function exportTree(image: string, tree: string): Promise<void> {
  const work = mkdtempSync(`${tree}-`);
  const [archive, root] = [join(work, 'root.tar'), join(work, 'root')];
  await exportImageFile(image, archive);
  mkdirSync(root);
  must('tar', ['-C', root, '-xpf', archive, '--numeric-owner']);
  renameSync(root, tree);
  rmSync(work, { recursive: true });
}

/** Flags: F opens the interpreter now, P keeps argv[0], C lets set-user-ID programs work (and implies O). */
function registerQemu(): void {
  if (!existsSync(join(BINFMT, 'register'))) must('mount', ['-t', 'binfmt_misc', 'binfmt_misc', BINFMT]);
  if (existsSync(join(BINFMT, 'qemu-riscv64'))) return;
  const magic = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xf3\x00`;
  const mask = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;
  try {
    writeFileSync(join(BINFMT, 'register'), `:qemu-riscv64:M::${magic}:${mask}:${QEMU}:FPC`);
  } catch (error) {
    throw new Error('binfmt_misc does not take qemu-riscv64; run: apt-get install --reinstall qemu-user-static', {
      cause: error,
    });
  }
}

function must(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined || status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

const ENTER = `
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$2/root"
cd "$2/root"
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mkdir -m 1777 dev/shm
mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mkdir ".${SCRIPTS}"
mount --bind "$3" ".${SCRIPTS}"
exec setsid -w chroot . /bin/sh "${SCRIPTS}/all"
`;

/** Runs SCRIPTS/all, `scripts` being mounted there, and returns what it printed, decoded as latin-1. */
export function runInTree(tree: string, scripts: string): Promise<{ stdout: string; stderr: string }> {
  const mountPoint = mkdtempSync(join(tmpdir(), 'ringfence-differential-'));
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', [...namespaces, 'sh', '-c', ENTER, 'sh', tree, mountPoint, scripts], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 240_000,
      killSignal: 'SIGKILL',
      env: ENVIRONMENT,
    });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    child.on('close', () => {
      rmSync(mountPoint, { recursive: true, force: true });
      resolve({ stdout: Buffer.concat(stdout).toString('latin1'), stderr: Buffer.concat(stderr).toString('latin1') });
    });
  });
}
