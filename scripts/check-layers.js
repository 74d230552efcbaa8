/**
 * Checks that imports go downwards only, also in tests and where a project reference would let more through.
 * Usage: node scripts/check-layers.js
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, dirname } from 'node:path';

/** What each layer may import besides itself. The design, section 1. */
const MAY_IMPORT = {
  util: [],
  abi: ['util'],
  wasm: ['util'],
  isa: ['util'],
  cpu: ['util', 'wasm', 'isa'],
  machine: ['util', 'wasm', 'isa', 'cpu'],
  kernel: ['util', 'abi', 'isa', 'machine'],
  snapshot: ['util', 'abi', 'machine', 'kernel'],
  debug: ['util', 'abi', 'isa', 'machine', 'kernel'],
  host: ['util', 'abi', 'machine', 'kernel'],
  image: ['util', 'abi', 'kernel', 'host'],
  index: ['util', 'abi', 'machine', 'kernel', 'snapshot', 'debug', 'host', 'image'],
  cli: ['util', 'abi', 'kernel', 'debug', 'host', 'image', 'index'],
};
/** The kernel sees the machine only through its public interface. */
const KERNEL_DOOR = 'machine/machine.ts';
const src = resolve('src');
const IMPORT = /(?:^|\n)\s*(?:import|export)\b[^;]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/g;

const problems = [];
for (const file of walk(src)) {
  const from = relative(src, file);
  const layer = layerOf(from);
  const isTest = /\.test\.ts$|testing\.ts$|\/test-[^/]*\.ts$/.test(file);
  for (const match of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    const target = relative(src, resolve(dirname(file), match[1] ?? match[2]));
    const to = layerOf(target);
    if (to === layer) continue;
    if (isTest && to === 'host') continue;
    if (!MAY_IMPORT[layer]?.includes(to))
      problems.push(`${from}: layer ${layer} may not import ${target} (layer ${to})`);
    else if (layer === 'kernel' && to === 'machine' && target !== KERNEL_DOOR && !isTest)
      problems.push(`${from}: the kernel imports the machine only through ${KERNEL_DOOR}, not ${target}`);
  }
}
for (const problem of problems) console.error(problem);
console.log(`layers: ${problems.length === 0 ? 'imports go downwards only' : `${problems.length} wrong imports`}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function layerOf(path) {
  const [first, ...rest] = path.split('/');
  return rest.length === 0 ? 'index' : first;
}

function* walk(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}
