/** The time of a whole process that runs a static hello, in ratio to a bare `node -e 0`. Interface: measureStartUp. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { duration, median } from './report.js';

/** Starts are short and vary: several for each round. */
const STARTS_A_ROUND = 3;

export function measureStartUp(directories, { rounds, goals, peers, tier, progress }) {
  const options = tier.tier === 'interpreter' ? ['--no-translator'] : [];
  const commands = {
    bare: [process.execPath, '-e', '0'],
    ringfence: [process.execPath, 'bin/ringfence.js', 'run', ...options, directories.riscv, '/hello'],
    ...(peers.qemu && { qemu: [peers.qemu, join(directories.riscv, 'hello')] }),
    ...(peers.blink && { blink: [peers.blink, join(directories.native, 'hello')] }),
  };
  // What a first start leaves in caches is there for all others.
  for (const [name, command] of Object.entries(commands)) wall(name, command);
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let i = 0; i < rounds * STARTS_A_ROUND; i++) {
    progress(`start-up: ${i + 1} of ${rounds * STARTS_A_ROUND}`);
    for (const [name, command] of Object.entries(commands)) times[name].push(wall(name, command));
  }
  const ratioOf = (name) => times[name] && median(times[name].map((ns, i) => ns / times.bare[i]));
  return {
    name: 'start-up',
    native: duration(median(times.bare)),
    qemu: ratioOf('qemu'),
    blink: ratioOf('blink'),
    ringfence: ratioOf('ringfence'),
    ...goals['start-up'],
  };
}

function wall(name, [file, ...args]) {
  const start = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  const ns = Number(process.hrtime.bigint() - start);
  if (status !== 0 || stdout !== (name === 'bare' ? '' : 'hello\n'))
    throw new Error(`${file} ${args.join(' ')}: status ${status}: ${stdout}${stderr}`);
  return ns;
}
