/**
 * Whole programs, Debian's own for riscv64, over the same files under qemu-riscv64 and here: as a program runs that never ran before, and as
 * one that did, with translated code kept. Interface: measurePrograms, PROGRAM_NAMES.
 *
 * The image is built once by `ringfence image build` and kept in the store; qemu runs in its exported tree, changed root into it, and finds
 * children's programs through binfmt_misc. That takes root. What the programs print must be equal.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDebianImage, openStore } from '../dist/index.js';
import { exportImageFile } from '../dist/image/export-node.js';
import { writeInputs } from './inputs.js';
import { median } from './report.js';

const IMAGE = 'bench-riscv64';
const PACKAGES = ['python3-minimal', 'gcc', 'libc6-dev'];
const BINFMT = '/proc/sys/fs/binfmt_misc';
/** As the package qemu-user-static registers its interpreter. */
const BINFMT_RULE = '/usr/lib/binfmt.d/qemu-riscv64.conf';
/** Where the inputs are seen in both. */
const INPUTS = '/mnt';
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C' };
const VARIABLES = Object.entries(ENVIRONMENT).map(([name, value]) => `--env=${name}=${value}`);

const PROGRAMS = {
  gzip: ['gzip', '-c', `${INPUTS}/50mb`],
  sha256sum: ['sha256sum', `${INPUTS}/100mb`],
  sort: ['sort', `${INPUTS}/lines`],
  python3: ['python3', `${INPUTS}/program.py`],
  gcc: ['sh', '-c', `gcc -O2 -c -o /tmp/program.o ${INPUTS}/program.c && cat /tmp/program.o`],
};
export const PROGRAM_NAMES = Object.keys(PROGRAMS);

/** So often a program ran before with the same code cache when it counts as run again. */
const RUNS_BEFORE = 4;

export async function measurePrograms(work, { rounds, names, tier, progress }) {
  const tree = await prepareTree(progress);
  const inputs = join(work, 'inputs');
  progress('writing inputs');
  mkdirSync(inputs);
  writeInputs(inputs);
  const options = tier.tier === 'interpreter' ? ['--no-translator'] : [];
  const first = { options: [...options, '--no-code-cache'], cache: join(work, 'cache') };
  // V8's own cache of our code, which the first start of any program leaves.
  runHere(work, inputs, ['true'], first);
  const againOf = (name) => ({ options, cache: join(work, 'cache', name) });
  for (const name of names)
    for (let i = 0; i < RUNS_BEFORE; i++) {
      progress(`run ${i + 1} of ${RUNS_BEFORE} before: ${name}`);
      runHere(work, inputs, PROGRAMS[name], againOf(name));
    }
  const times = new Map(names.map((name) => [name, { qemu: [], first: [], again: [] }]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      progress(`round ${round + 1} of ${rounds}: ${name}`);
      const runs = {
        qemu: runQemu(tree, inputs, PROGRAMS[name]),
        first: runHere(work, inputs, PROGRAMS[name], first),
        again: runHere(work, inputs, PROGRAMS[name], againOf(name)),
      };
      for (const [way, { ns, digest }] of Object.entries(runs)) {
        if (digest !== runs.qemu.digest) throw new Error(`${name} prints something else here than under qemu`);
        times.get(name)[way].push(ns);
      }
    }
  }
  return names.map((name) => {
    const { qemu, first, again } = times.get(name);
    const fasterThan = (ours) => median(qemu.map((ns, i) => ns / ours[i]));
    return {
      name,
      qemuNs: median(qemu),
      ...{ firstNs: median(first), againNs: median(again) },
      ...{ fasterFirst: fasterThan(first), fasterAgain: fasterThan(again) },
    };
  });
}

/** The whole command, as a user gives it. */
function runHere(work, inputs, argv, { options, cache }) {
  const command = ['bin/ringfence.js', 'run', ...options, '-v', `${inputs}:${INPUTS}`, ...VARIABLES, IMAGE, ...argv];
  const out = join(work, 'here');
  const file = openSync(out, 'w');
  const env = { ...process.env, XDG_CACHE_HOME: cache };
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, command, { env, stdio: ['ignore', file, 'pipe'] });
  const ns = Number(process.hrtime.bigint() - start);
  closeSync(file);
  if (status !== 0) throw new Error(`${argv.join(' ')} failed here with status ${status}: ${stderr}`);
  return { ns, digest: digestOf(out) };
}

function digestOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** In a mount namespace of its own; the clock runs around the program alone. */
const ENTER = `
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount --bind "$2" "$1${INPUTS}"
mount -t tmpfs tmpfs "$1/tmp"
mount -t tmpfs -o mode=755 tmpfs "$1/dev"
mknod -m 666 "$1/dev/null" c 1 3
mount -t proc proc "$1/proc"
tree=$1 out=$3
shift 3
date +%s%N > "$out.start"
chroot "$tree" "$@" > "$out"
date +%s%N > "$out.end"
`;

function runQemu(tree, inputs, argv) {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-qemu-'));
  const out = join(directory, 'out');
  const { status, stderr } = spawnSync(
    'unshare',
    ['--mount', '--pid', '--fork', 'sh', '-c', ENTER, 'sh', tree, inputs, out, ...argv],
    { encoding: 'utf8', env: ENVIRONMENT },
  );
  if (status !== 0) throw new Error(`${argv.join(' ')} failed under qemu with status ${status}: ${stderr}`);
  const stamp = (name) => BigInt(readFileSync(`${out}.${name}`, 'utf8').trim());
  const ns = Number(stamp('end') - stamp('start'));
  const digest = digestOf(out);
  rmSync(directory, { recursive: true });
  return { ns, digest };
}

/** The image, and its tree in a directory that is kept for the next time. */
async function prepareTree(progress) {
  if (process.getuid() !== 0) throw new Error('--programs takes root, for chroot and mounts');
  registerQemu();
  const store = openStore();
  if (!store.has(IMAGE)) {
    await buildDebianImage(store, {
      name: IMAGE,
      extraPackages: PACKAGES,
      onProgress: ({ phase }) => progress(`${IMAGE}: ${phase}`),
    });
  }
  const image = store.list().find(({ name }) => name === IMAGE);
  const tree = join(tmpdir(), `ringfence-tree-${image.digest.slice(0, 16)}`);
  if (existsSync(tree)) return tree;
  progress(`${IMAGE}: exporting its tree`);
  const work = mkdtempSync(`${tree}-`);
  const [archive, unpacked] = [join(work, 'root.tar'), join(work, 'root')];
  await exportImageFile(image.path, archive);
  mkdirSync(unpacked);
  const { status, stderr } = spawnSync('tar', ['-C', unpacked, '-xpf', archive, '--numeric-owner'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`tar: ${stderr}`);
  renameSync(unpacked, tree);
  rmSync(work, { recursive: true });
  return tree;
}

function registerQemu() {
  if (!existsSync(join(BINFMT, 'register'))) spawnSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', BINFMT]);
  if (existsSync(join(BINFMT, 'qemu-riscv64'))) return;
  try {
    writeFileSync(join(BINFMT, 'register'), readFileSync(BINFMT_RULE));
  } catch (error) {
    throw new Error(`binfmt_misc does not take ${BINFMT_RULE}: apt install qemu-user-static`, { cause: error });
  }
}
