#!/usr/bin/env node
'use strict';
/**
 * Starts the command line from its bundle. What V8 compiled is kept in the user's cache directory and used by the next start, as Node's own
 * module.enableCompileCache does from Node 22 on; it is made anew when the bundle or Node changes, and never needed.
 */
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const vm = require('node:vm');

const bundle = path.join(__dirname, '..', 'dist', 'bundle');
const entry = 'ringfence.cjs';
const cacheRoot = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
const cacheDirectory = path.join(cacheRoot, 'ringfence', 'code');
/** So many files that are not ours stay: another build may be in use, too. */
const MAX_OTHERS = 24;
// Each command needs other functions.
const command = /^[a-z]+$/.test(process.argv[2]) ? process.argv[2] : 'other';

/** Exports of the bundle's files that were loaded. */
const loaded = new Map();

function load(name, build) {
  const known = loaded.get(name);
  if (known) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  const file = path.join(bundle, name);
  const cacheFile = path.join(cacheDirectory, `${build}-${command}-${name}`);
  const cachedData = readCache(cacheFile);
  // The bundle is ASCII: read as latin-1 it is not copied again.
  const source = `(function (exports, require, module, __filename, __dirname) {${fs.readFileSync(file, 'latin1')}\n})`;
  const script = new vm.Script(source, { filename: file, cachedData });
  const requireBeside = (id) => (id.startsWith('./') ? load(path.basename(id), build) : require(id));
  script.runInThisContext()(module.exports, requireBeside, module, file, bundle);
  // Written at the end, when the functions that a start needs have been compiled. V8 takes it only with the flags that it had then: the
  // entry is loaded before flags are set (host/node/wasm.ts) and written after they are set back, the others between.
  const when = name === entry ? 'addListener' : 'prependListener';
  if (cachedData === undefined || script.cachedDataRejected)
    process[when]('exit', () => writeCache(cacheFile, build, script.createCachedData()));
  return module.exports;
}

function readCache(file) {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
}

function writeCache(file, build, data) {
  try {
    fs.mkdirSync(cacheDirectory, { recursive: true });
    for (const old of oldestFirst(cacheDirectory, build).slice(0, -MAX_OTHERS)) fs.rmSync(old, { force: true });
    const temporary = `${file}.${process.pid}`;
    fs.writeFileSync(temporary, data);
    fs.renameSync(temporary, file);
  } catch {
    // A cache that cannot be kept costs the next start some time, nothing else.
  }
}

/** What other builds and versions of Node have left. */
function oldestFirst(directory, build) {
  const others = fs.readdirSync(directory).filter((name) => !name.startsWith(build));
  const files = others.map((name) => path.join(directory, name));
  const times = new Map(files.map((file) => [file, fs.statSync(file).mtimeMs]));
  return files.sort((a, b) => times.get(a) - times.get(b));
}

const found = fs.statSync(path.join(bundle, entry), { throwIfNoEntry: false });
if (found) load(entry, `${process.version}-${process.arch}-${found.size}-${Math.floor(found.mtimeMs)}`);
else {
  process.stderr.write('ringfence: not built yet; run: npm run build\n');
  process.exitCode = 125;
}
