/**
 * Generates the interpreter's WebAssembly once, so that a start does not have to: dist/prebuilt/NAME.wasm. And gives what generates code a
 * name, by which translated code of other builds is told apart: dist/prebuilt/generator.
 * Usage: node scripts/prebuild.js (after tsc -b)
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { interpreterModule, interpreterName } from '../dist/cpu/interpreter.js';
import { createLayout } from '../dist/cpu/layout.js';

const layout = createLayout({ ramBytes: 1 << 20 });
rmSync('dist/prebuilt', { recursive: true, force: true });
mkdirSync('dist/prebuilt', { recursive: true });
writeFileSync(`dist/prebuilt/${interpreterName(layout)}.wasm`, interpreterModule(layout));

const hash = createHash('sha256');
for (const part of ['isa', 'wasm', 'cpu'])
  for (const file of readdirSync(`dist/${part}`, { recursive: true }).sort())
    if (file.endsWith('.js')) hash.update(`${file}\n`).update(readFileSync(join('dist', part, file)));
writeFileSync('dist/prebuilt/generator', hash.digest('hex').slice(0, 16));
