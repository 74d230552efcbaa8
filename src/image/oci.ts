/**
 * OCI image layouts and docker-save archives: picks the image for an architecture and applies its layers.
 *
 * Interface: importOci, isOciLayout, OciFiles, OciOptions, treeFiles.
 * Invariant: every blob that is named by digest is compared with it; a layer that differs is an error.
 * See the OCI image specification: image-layout.md, image-index.md, manifest.md, config.md, layer.md; and for archives
 * of `docker save` without a layout, Docker Image Specification v1.2.
 */
import type { Staging } from './blob.ts';
import { fromText } from './byte-string.ts';
import { chunksOf } from './byte-reader.ts';
import { decompress } from './decompress.ts';
import type { FileTree } from './file-tree.ts';
import { S_IFREG } from '../abi/file-mode.ts';
import { collect } from './file-tree.ts';
import { ImageError } from './image-error.ts';
import type { ImageMeta, ImageRunConfig } from './rfi.ts';
import type { NewHasher } from './sha256.ts';
import { newSha256, toHex } from './sha256.ts';
import { importLayer } from './tar-import.ts';

/** Files of a layout by path, wherever it is. */
export interface OciFiles {
  has(path: string): boolean;
  read(path: string): AsyncIterable<Uint8Array>;
}

export interface OciOptions {
  /** As OCI says it: 'riscv64', 'amd64', '386'. Without it the only image, or else the first for riscv64 or amd64. */
  readonly architecture?: string;
  /** A tag, where a layout has several images. */
  readonly reference?: string;
  readonly newHasher?: NewHasher;
  readonly onProgress?: (done: number, total: number) => void;
}

interface Descriptor {
  mediaType?: string;
  digest: string;
  platform?: { architecture?: string; os?: string };
  annotations?: Record<string, string>;
}

interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
}

interface ConfigFile {
  architecture?: string;
  config?: { Env?: string[]; Entrypoint?: string[]; Cmd?: string[]; WorkingDir?: string; User?: string };
}

type DockerManifest = { Config: string; RepoTags?: string[] | null; Layers: string[] }[];

const REFERENCE = 'org.opencontainers.image.ref.name';
const PREFERRED = ['riscv64', 'amd64', '386'];

/** Whether these are the files of an image rather than of a root file system. */
export async function isOciLayout(files: OciFiles): Promise<boolean> {
  if (files.has('oci-layout') && files.has('index.json')) return true;
  if (!files.has('manifest.json')) return false;
  const text = new TextDecoder().decode(await collect(files.read('manifest.json')));
  return /^\s*\[\s*\{/.test(text) && text.includes('"Layers"');
}

/** Applies the layers of an image to `tree`; returns what is known of the image. */
export async function importOci(tree: FileTree, files: OciFiles, options: OciOptions = {}): Promise<ImageMeta> {
  const { layers, config, source } = files.has('index.json')
    ? await chooseByIndex(files, options)
    : await chooseByDockerManifest(files, options);
  let done = 0;
  for (const layer of layers) {
    await importLayer(tree, decompress(verified(files, layer, options)));
    options.onProgress?.(++done, layers.length);
  }
  return {
    ...(source === undefined ? {} : { source }),
    ...(config.architecture === undefined ? {} : { architecture: debianName(config.architecture) }),
    config: runConfig(config),
  };
}

/** The files of a layout that was itself unpacked from a tar. */
export function treeFiles(tree: FileTree): OciFiles {
  return {
    has: (path) => tree.find(fromText(path))?.type === S_IFREG,
    read: (path) => {
      const node = tree.find(fromText(path));
      return node?.type === S_IFREG ? stagedChunks(tree.staging, node.offset, node.size) : chunksOf();
    },
  };
}

interface Choice {
  layers: readonly Blob[];
  config: ConfigFile;
  source: string | undefined;
}

interface Blob {
  path: string;
  /** Hexadecimal, or null where the archive states none. */
  sha256: string | null;
}

async function chooseByIndex(files: OciFiles, options: OciOptions): Promise<Choice> {
  const index = await readJson<{ manifests: Descriptor[] }>(files, { path: 'index.json', sha256: null }, options);
  const candidates = await flatten(files, index.manifests, options);
  const chosen = choose(candidates, options);
  const manifest = await readJson<Manifest>(files, blobOf(chosen), options);
  return {
    layers: manifest.layers.map(blobOf),
    config: await readJson<ConfigFile>(files, blobOf(manifest.config), options),
    source: chosen.annotations?.['io.containerd.image.name'] ?? chosen.annotations?.[REFERENCE],
  };
}

/** Manifests of images, with those of nested indexes; attestations (os 'unknown') are left out. */
async function flatten(files: OciFiles, descriptors: Descriptor[], options: OciOptions): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  for (const descriptor of descriptors) {
    // A layout may hold only some of the platforms that its index names.
    if (!files.has(blobOf(descriptor).path) || descriptor.platform?.os === 'unknown') continue;
    if (!/index|manifest\.list/.test(descriptor.mediaType ?? '')) {
      found.push(descriptor);
      continue;
    }
    const { manifests } = await readJson<{ manifests: Descriptor[] }>(files, blobOf(descriptor), options);
    const nested = await flatten(files, manifests, options);
    found.push(
      ...nested.map((inner) => ({ ...inner, annotations: { ...inner.annotations, ...descriptor.annotations } })),
    );
  }
  return found;
}

function choose(candidates: readonly Descriptor[], { architecture, reference }: OciOptions): Descriptor {
  const named = candidates.filter(
    (candidate) => reference === undefined || candidate.annotations?.[REFERENCE] === reference,
  );
  const has = (candidate: Descriptor): string | undefined => candidate.platform?.architecture;
  const wanted = architecture === undefined ? PREFERRED : [ociName(architecture)];
  const match = wanted
    .map((name) => named.find((candidate) => has(candidate) === name))
    .find((found) => found !== undefined);
  const only =
    named.length === 1 && (architecture === undefined || has(named[0]!) === undefined) ? named[0] : undefined;
  const chosen = match ?? only ?? (architecture === undefined ? named[0] : undefined);
  if (chosen !== undefined) return chosen;
  const there = candidates.map((candidate) => has(candidate) ?? candidate.annotations?.[REFERENCE] ?? candidate.digest);
  throw new ImageError('not-found', `The layout has no such image. There is: ${there.join(', ') || 'none'}.`);
}

async function chooseByDockerManifest(files: OciFiles, options: OciOptions): Promise<Choice> {
  const entries = await readJson<DockerManifest>(files, { path: 'manifest.json', sha256: null }, options);
  const { reference } = options;
  const entry = reference === undefined ? entries[0] : entries.find(({ RepoTags }) => RepoTags?.includes(reference));
  if (entry === undefined) throw new ImageError('not-found', 'The archive has no such image.');
  const blob = (path: string): Blob => ({ path, sha256: /([0-9a-f]{64})(?:\.json)?$/.exec(path)?.[1] ?? null });
  return {
    layers: entry.Layers.map(blob),
    config: await readJson<ConfigFile>(files, blob(entry.Config), options),
    source: entry.RepoTags?.[0],
  };
}

function blobOf({ digest }: Descriptor): Blob {
  const match = /^sha256:([0-9a-f]{64})$/.exec(digest);
  if (match === null) throw new ImageError('unsupported', `Digests are read as sha256 only, not ${digest}.`);
  return { path: `blobs/sha256/${match[1]}`, sha256: match[1]! };
}

async function readJson<T>(files: OciFiles, blob: Blob, options: OciOptions): Promise<T> {
  const text = new TextDecoder().decode(await collect(verified(files, blob, options)));
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new ImageError('bad-format', `${blob.path} of the layout is not JSON.`, null, error);
  }
}

/** The bytes of a blob, after all of them were compared with its digest. */
async function* verified(files: OciFiles, blob: Blob, { newHasher }: OciOptions): AsyncGenerator<Uint8Array> {
  if (!files.has(blob.path)) throw new ImageError('not-found', `The layout lacks ${blob.path}.`);
  if (blob.sha256 !== null) {
    const hasher = (newHasher ?? newSha256)();
    for await (const chunk of files.read(blob.path)) hasher.update(chunk);
    if (toHex(hasher.digest()) !== blob.sha256) {
      throw new ImageError('bad-checksum', `${blob.path} is damaged: its SHA-256 differs.`);
    }
  }
  yield* files.read(blob.path);
}

async function* stagedChunks(staging: Staging, start: number, size: number): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < size;) {
    const chunk = new Uint8Array(Math.min(1 << 18, size - done));
    staging.read(start + done, chunk);
    yield chunk;
    done += chunk.length;
  }
}

function runConfig({ config = {} }: ConfigFile): ImageRunConfig {
  return {
    ...(config.Env ? { env: config.Env } : {}),
    ...(config.Entrypoint ? { entrypoint: config.Entrypoint } : {}),
    ...(config.Cmd ? { cmd: config.Cmd } : {}),
    ...(config.WorkingDir ? { workingDir: config.WorkingDir } : {}),
    ...(config.User ? { user: config.User } : {}),
  };
}

function debianName(architecture: string): string {
  return architecture === '386' ? 'i386' : architecture;
}

function ociName(architecture: string): string {
  return architecture === 'i386' ? '386' : architecture;
}
