/** Systems for tests. Interface: withSystem, runGuest, GuestResult. */
import { boot, openImage, type BootOptions, type Exit, type SpawnRequest, type System } from '../../src/index.ts';

export interface GuestResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: Exit;
}

/** Boots the default image, lets `work` use the system and stops it. Output is decoded as latin-1, so that bytes stay apart. */
export async function withSystem<T>(options: Partial<BootOptions>, work: (system: System) => Promise<T>): Promise<T> {
  const image = await openImage('debian-riscv64');
  const system = await boot({ root: image, ...options });
  try {
    return await work(system);
  } finally {
    system.stop();
    await system.ended;
    image.close();
  }
}

export async function runGuest(
  system: System,
  argv: readonly string[],
  { input, ...request }: SpawnRequest & { readonly input?: string | Uint8Array } = {},
): Promise<GuestResult> {
  const guest = system.spawn(argv, { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' }, ...request });
  if (input !== undefined) void guest.stdin.write(input);
  guest.stdin.end();
  const [stdout, stderr, exit] = await Promise.all([guest.stdout.bytes(), guest.stderr.bytes(), guest.exited]);
  return { stdout: Buffer.from(stdout).toString('latin1'), stderr: Buffer.from(stderr).toString('latin1'), exit };
}
