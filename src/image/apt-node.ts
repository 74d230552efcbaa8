/**
 * A private apt: downloads the packages of any Debian suite and architecture through the machine's own mirror, without
 * root and without touching the machine's apt or dpkg.
 *
 * Interface: downloadPackages, AptRequest, DownloadedDeb, AptProgress.
 * The repository's address is what `apt-get indextargets` says of this machine; the machine's apt.conf (proxies,
 * credentials) stays in force, and apt verifies the archive's signature and all hashes as always. Everything that apt
 * writes stands in one cache directory. See apt-get(8), apt.conf(5), sources.list(5).
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { asImageError } from './files-node.ts';
import { ImageError } from './image-error.ts';
import { sha256OfFile } from './sha256-node.ts';

export interface AptRequest {
  readonly suite: string;
  /** As Debian says it: 'riscv64', 'amd64', 'i386'. */
  readonly architecture: string;
  readonly packages: readonly string[];
  readonly components?: readonly string[];
  /** Address of a Debian archive, where the machine's apt knows none. */
  readonly mirror?: string;
  readonly keyring?: string;
  /** Where apt's lists and packages are kept from one time to the next. */
  readonly cacheDirectory: string;
  readonly onProgress?: (progress: AptProgress) => void;
}

export interface AptProgress {
  readonly phase: 'update' | 'download' | 'check';
  readonly done: number;
  readonly total: number;
}

export interface DownloadedDeb {
  readonly path: string;
  /** NAME_VERSION_ARCHITECTURE, as in the archive. */
  readonly name: string;
}

const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export async function downloadPackages(request: AptRequest): Promise<DownloadedDeb[]> {
  const keyring = request.keyring ?? DEBIAN_KEYRING;
  if (!existsSync(keyring)) {
    throw new ImageError(
      'no-keyring',
      `The keys of the Debian archive are not on this machine (${keyring}).`,
      'sudo apt-get install debian-archive-keyring',
    );
  }
  const mirror = request.mirror ?? (await findMirror());
  const apt = new PrivateApt(request, mirror, keyring);
  const progress = request.onProgress ?? (() => {});

  await apt.get(['update', '-o', 'APT::Update::Error-Mode=any'], (done) =>
    progress({ phase: 'update', done, total: 100 }),
  );
  // An empty archive directory makes apt name every package, also those that are already here.
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...request.packages];
  const listing = await apt.get(['-o', `Dir::Cache::archives=${apt.emptyArchives}`, '--print-uris', ...install]);
  const wanted = parseUris(listing);
  await apt.get(['--download-only', ...install], (done) => progress({ phase: 'download', done, total: 100 }));

  const debs: DownloadedDeb[] = [];
  for (const { fileName, sha256 } of wanted) {
    const path = join(apt.archives, fileName);
    if (!existsSync(path)) throw new ImageError('apt-failed', `apt did not download ${fileName}.`);
    if ((await sha256OfFile(path)) !== sha256) {
      rmSync(path);
      throw new ImageError(
        'bad-checksum',
        `${fileName} is damaged and was removed.`,
        'Try again: it is downloaded anew.',
      );
    }
    debs.push({ path, name: decodeURIComponent(fileName.replace(/\.deb$/, '')) });
    progress({ phase: 'check', done: debs.length, total: wanted.length });
  }
  return debs;
}

/** Lines "'URI' FILE SIZE SHA256:HASH" of --print-uris. */
function parseUris(listing: string): { fileName: string; sha256: string }[] {
  const lines = [...listing.matchAll(/^'[^']+' (\S+\.deb) \d+ SHA256:([0-9a-f]{64})/gm)];
  if (lines.length === 0) throw new ImageError('apt-failed', `apt named no packages:\n${listing.trim()}`);
  return lines.map(([, fileName, sha256]) => ({ fileName: fileName!, sha256: sha256! }));
}

/** The Debian main archive among the machine's repositories. */
async function findMirror(): Promise<string> {
  const listing = await run(['indextargets', '--format', '$(REPO_URI)|$(ORIGIN)|$(LABEL)', 'Created-By: Packages'], {});
  const repositories = listing
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('|'));
  // Origin and label are known only where 'apt-get update' ran; without it the path says which archive it is.
  const labelled = repositories.find(([, origin, label]) => origin === 'Debian' && label === 'Debian');
  const found = labelled ?? repositories.find(([uri]) => /\/debian\/?$/.test(uri!));
  if (found !== undefined) return found[0]!;
  throw new ImageError(
    'no-archive',
    "None of this machine's apt repositories is a Debian archive.",
    'Say which Debian mirror to use, or import a tar: ringfence image import NAME FILE.tar',
  );
}

class PrivateApt {
  readonly archives: string;
  readonly emptyArchives: string;
  readonly #environment: Record<string, string>;
  readonly #configuration: string;

  constructor(
    { cacheDirectory, suite, architecture, components = ['main'] }: AptRequest,
    mirror: string,
    keyring: string,
  ) {
    const at = (...parts: string[]): string => join(cacheDirectory, ...parts);
    this.archives = at('archives');
    this.emptyArchives = at('no-archives');
    this.#configuration = at('apt.conf');
    this.#environment = { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
    try {
      for (const part of ['lists/partial', 'archives/partial', 'no-archives/partial'])
        mkdirSync(at(part), { recursive: true });
      writeFileSync(at('status'), '');
      writeFileSync(at('extended_states'), '');
      writeFileSync(
        at('sources.list'),
        `deb [arch=${architecture} signed-by=${keyring} target=Packages] ${mirror} ${suite} ${components.join(' ')}\n`,
      );
      writeFileSync(at('apt.conf'), aptConfiguration(cacheDirectory, architecture));
    } catch (error) {
      throw asImageError(error);
    }
  }

  get(parameters: readonly string[], onPercent?: (percent: number) => void): Promise<string> {
    return run(
      ['-c', this.#configuration, '-o', 'Acquire::ForceHash=SHA256', ...parameters],
      this.#environment,
      onPercent,
    );
  }
}

/** Read after the machine's own apt.conf, so that hooks, other architectures and preferences fall away. */
function aptConfiguration(directory: string, architecture: string): string {
  const at = (name: string): string => `"${join(directory, name)}"`;
  // As root apt would download as the user _apt, who may not write here.
  const sandbox = process.getuid?.() === 0 ? 'APT::Sandbox::User "root";' : '';
  return `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Architectures;
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
${sandbox}
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::Check-Valid-Until "true";
Dir::State "${directory}";
Dir::State::lists ${at('lists')};
Dir::State::status ${at('status')};
Dir::State::extended_states ${at('extended_states')};
Dir::Cache "${directory}";
Dir::Cache::archives ${at('archives')};
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist ${at('sources.list')};
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::Log "${directory}";
`;
}

/** Runs apt-get; returns its standard output. Percentages come from its status channel, apt.conf(5) APT::Status-Fd. */
function run(
  parameters: readonly string[],
  environment: Record<string, string>,
  onPercent?: (percent: number) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const statusOptions = onPercent === undefined ? [] : ['-o', 'APT::Status-Fd=3'];
    const child = spawn('apt-get', [...statusOptions, ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    let output = '';
    let complaints = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    (child.stdio[3] as Readable).setEncoding('utf8').on('data', (text: string) => {
      // dlstatus:NUMBER:PERCENT:TEXT
      for (const [, percent] of text.matchAll(/^dlstatus:\d+:([\d.]+):/gm)) onPercent?.(Math.round(Number(percent)));
    });
    child.on('error', (error) => reject((error as NodeJS.ErrnoException).code === 'ENOENT' ? noApt() : error));
    child.on('close', (status) => {
      if (status === 0) resolve(output);
      else reject(failure(`${complaints}\n${output}`));
    });
  });
}

function noApt(): ImageError {
  return new ImageError(
    'no-apt',
    'Images of Debian packages are built with apt-get, which is not on this machine.',
    'Run this on Debian or Ubuntu, or import a root file system from a tar: ringfence image import NAME FILE.tar',
  );
}

function failure(said: string): ImageError {
  const lines = [...new Set(said.split('\n'))].filter((line) => /^(E|W|Err:\d+)[: ]/.test(line));
  const what = (lines.length > 0 ? lines : said.trim().split('\n').slice(-5)).join('\n');
  if (/No space left|not enough free space|don't have enough/i.test(said)) {
    return new ImageError('no-space', `The disk is full. apt said:\n${what}`, 'Free some room and try again.');
  }
  if (/Hash Sum mismatch|NO_PUBKEY|not signed|BADSIG|EXPKEYSIG/i.test(said)) {
    return new ImageError('bad-checksum', `The archive could not be verified. apt said:\n${what}`);
  }
  if (
    /Unable to locate package|no installation candidate|unmet dependencies|does not have a Release file/i.test(said)
  ) {
    return new ImageError('not-found', `The archive lacks what was asked for. apt said:\n${what}`);
  }
  return new ImageError(
    'apt-failed',
    `apt-get failed. It said:\n${what}`,
    'Is the network up, and does apt-get update work?',
  );
}
