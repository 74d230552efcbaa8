/** Sizes and times as people write them. Interface: parseBytes, parseDurationNs. */

const BYTE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const NS_UNITS: Readonly<Record<string, number>> = { '': 1e9, ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** '512M', '64k', '1.5g', 4096. Throws RangeError with the forms that are understood. */
export function parseBytes(text: number | string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(String(text));
  const bytes = match && Math.round(Number(match[1]) * BYTE_UNITS[match[2]!.toLowerCase()]!);
  if (!match || !Number.isSafeInteger(bytes))
    throw new RangeError(`'${text}' is not a size; write bytes, or 64k, 512M, 1G`);
  return bytes!;
}

/** '10s', '500ms', '2m', 3 (seconds). Throws RangeError with the forms that are understood. */
export function parseDurationNs(text: number | string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h)?$/i.exec(String(text));
  if (!match) throw new RangeError(`'${text}' is not a duration; write seconds, or 500ms, 10s, 2m, 1h`);
  return Number(match[1]) * NS_UNITS[(match[2] ?? '').toLowerCase()]!;
}
