/**
 * The small benchmarks: each in turn natively, under qemu-riscv64, under blink where it is there, and here, round after round.
 * Interface: measureSmall.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { boot, openImage } from '../dist/index.js';
import { duration, median } from './report.js';

/** `directories`: of programs, by architecture. Gives the rows of the report. */
export async function measureSmall(directories, { rounds, names, peers, tier, goals, progress }) {
  const times = new Map(names.map((name) => [name, { native: [], ours: [], qemu: [], blink: [] }]));
  const image = await openImage(directories.riscv);
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      progress(`round ${round + 1} of ${rounds}: ${name}`);
      const native = runHost([], directories.native, name);
      const ours = await runHere(image, name, tier);
      if (native.check !== ours.check)
        throw new Error(`${name}: the result here is ${ours.check}, natively ${native.check}`);
      const entry = times.get(name);
      entry.native.push(native.ns);
      entry.ours.push(ours.ns);
      const peerDirectories = { qemu: directories.riscv, blink: directories.native };
      for (const [peer, command] of Object.entries(peers)) {
        const result = runPeer(command, peerDirectories[peer], name, native.check);
        if (result !== undefined) entry[peer].push(result.ns / native.ns);
      }
    }
  }
  image.close();
  return names.map((name) => {
    const { native, ours, qemu, blink } = times.get(name);
    return {
      name,
      native: duration(median(native)),
      qemu: qemu.length === rounds ? median(qemu) : undefined,
      blink: blink.length === rounds ? median(blink) : undefined,
      ringfence: median(ours.map((ns, i) => ns / native[i])),
      ...goals[name],
    };
  });
}

/** Names of the benchmarks that are built. */
export function benchmarkNames(directories, withCoremark) {
  const names = execFileSync(join(directories.native, 'bench'), { encoding: 'utf8' }).trim().split('\n');
  return withCoremark ? ['coremark', ...names] : names;
}

function argvOf(name) {
  return name === 'coremark' ? ['coremark'] : ['bench', name];
}

function runHost(command, directory, name) {
  const [program, ...args] = argvOf(name);
  const [file, ...rest] = [...command, join(directory, program), ...args];
  return parse(name, execFileSync(file, rest, { encoding: 'utf8' }));
}

/** Undefined where the peer cannot do it, or does it wrong: qemu, for one, executes no riscv64 file unless binfmt_misc knows it. */
function runPeer(command, directory, name, check) {
  const [program, ...args] = argvOf(name);
  const result = spawnSync(command, [join(directory, program), ...args], { encoding: 'utf8', timeout: 120_000 });
  if (result.status !== 0) return undefined;
  const parsed = parse(name, result.stdout);
  return parsed.check === check ? parsed : undefined;
}

async function runHere(root, name, tier) {
  const system = await boot({ root, ...tier });
  const [program, ...args] = argvOf(name);
  const guest = system.spawn([`/${program}`, ...args]);
  const [text, errors, exit] = await Promise.all([guest.stdout.text(), guest.stderr.text(), guest.exited]);
  system.stop();
  await system.ended;
  if (exit.exitCode !== 0) throw new Error(`${name} failed here with status ${exit.exitCode}: ${errors}`);
  return parse(name, text);
}

/** Our programs print NAME NS CHECK; CoreMark its speed and its checksums. */
function parse(name, text) {
  if (name !== 'coremark') {
    const [, ns, check] = text.trim().split(/\s+/);
    return { ns: Number(ns), check };
  }
  const speed = /Iterations\/Sec\s*:\s*([\d.]+)/.exec(text);
  const sums = [...text.matchAll(/crc(?:list|matrix|state)\s*:\s*(\w+)/g)].map((match) => match[1]);
  if (!speed || sums.length !== 3) throw new Error(`coremark printed:\n${text}`);
  return { ns: 1e9 / Number(speed[1]), check: sums.join(' ') };
}
