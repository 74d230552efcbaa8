/** `ringfence image …`. Interface: buildCommand, importCommand, exportCommand, listCommand, removeCommand. */
import { buildDebianImage } from '../image/debian-node.ts';
import { exportImageFile, exportImageStream } from '../image/export-node.ts';
import { openStore } from '../image/store-node.ts';
import { EXIT, failure, isReaderGone } from './failure.ts';
import { createProgress } from './progress.ts';

export interface BuildOptions {
  readonly suite?: string;
  readonly arch?: string;
  readonly package?: readonly string[];
  readonly quiet?: boolean;
}

const PHASES: Readonly<Record<string, string>> = {
  update: 'reading package lists',
  download: 'downloading packages',
  check: 'checking packages',
  unpack: 'unpacking packages',
  write: 'writing the image',
};

const IMPORT_PHASES = { read: 'reading', layers: 'reading layers', write: 'writing' } as const;

export async function buildCommand(name: string, options: BuildOptions): Promise<void> {
  const progress = createProgress(options.quiet === true);
  try {
    const built = await buildDebianImage(openStore(), {
      name,
      architecture: options.arch ?? architectureOf(name),
      ...(options.suite === undefined ? {} : { suite: options.suite }),
      ...(options.package === undefined ? {} : { extraPackages: options.package }),
      onProgress: ({ phase, done, total }) => progress.show(`${name}: ${PHASES[phase] ?? phase}`, done, total),
    });
    progress.done(`built image ${built.name}`);
  } catch (error) {
    progress.clear();
    throw error;
  }
}

export async function importCommand(name: string, source: string): Promise<void> {
  const progress = createProgress(false);
  try {
    await openStore().importImage(name, source, {
      onProgress: ({ phase, done, total }) => progress.show(`${name}: ${IMPORT_PHASES[phase]}`, done, total),
    });
    progress.done(`imported image ${name}`);
  } catch (error) {
    progress.clear();
    throw error;
  }
}

export async function exportCommand(name: string, file: string): Promise<void> {
  const resolved = await openStore().resolve(name);
  if (resolved.kind === 'directory') throw new RangeError(`${name} is a directory; tar(1) exports it`);
  if (file === '-' && process.stdout.isTTY) throw new RangeError('a tar is no text: redirect it, or name a file');
  if (file !== '-') {
    // Ended this way, and not by the signal itself, the unfinished file is removed.
    process.once('SIGINT', () => process.exit(EXIT.interrupted)).once('SIGTERM', () => process.exit(143));
    return exportImageFile(resolved.path, file);
  }
  await exportImageStream(resolved.path, process.stdout).catch((error: NodeJS.ErrnoException) => {
    if (!isReaderGone(error, process.stdout)) throw error;
    process.exitCode = EXIT.noReader;
  });
}

export function listCommand(options: { readonly json?: boolean }): void {
  const images = openStore().list();
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(images)}\n`);
    return;
  }
  const rows = images.map(({ name, sizeBytes, modified, meta }) => [
    name,
    meta === null ? 'damaged' : (meta.architecture ?? '-'),
    `${(sizeBytes / 1e6).toFixed(1)} MB`,
    modified.toISOString().slice(0, 10),
  ]);
  for (const row of [['NAME', 'ARCH', 'SIZE', 'BUILT'], ...rows])
    process.stdout.write(`${row[0]!.padEnd(28)} ${row[1]!.padEnd(9)} ${row[2]!.padStart(10)}  ${row[3]!}\n`);
}

export function removeCommand(names: readonly string[]): void {
  const store = openStore();
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      store.remove(name);
    } catch (error) {
      failures.push(error);
    }
  }
  for (const error of failures) process.exitCode = failure(error);
}

function architectureOf(name: string): string {
  return ['amd64', 'i386', 'riscv64'].find((architecture) => name.includes(architecture)) ?? 'riscv64';
}
