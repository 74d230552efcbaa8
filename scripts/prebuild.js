/**
 * Generates the interpreter's WebAssembly once, so that a start does not have to: dist/prebuilt/NAME.wasm.
 * Usage: node scripts/prebuild.js (after tsc -b)
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { interpreterModule, interpreterName } from '../dist/cpu/interpreter.js';
import { createLayout } from '../dist/cpu/layout.js';

const layout = createLayout({ ramBytes: 1 << 20 });
rmSync('dist/prebuilt', { recursive: true, force: true });
mkdirSync('dist/prebuilt', { recursive: true });
writeFileSync(`dist/prebuilt/${interpreterName(layout)}.wasm`, interpreterModule(layout));
