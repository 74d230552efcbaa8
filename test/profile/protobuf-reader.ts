/** Reads messages of Protocol Buffers without knowing their schema. Interface: decodeMessage, Message, text, whole, packed. */

/** By field number: numbers as numbers, what has a length as bytes. */
export type Message = Map<number, (number | Uint8Array)[]>;

export function decodeMessage(bytes: Uint8Array): Message {
  const fields: Message = new Map();
  const cursor = { at: 0 };
  while (cursor.at < bytes.length) {
    const tag = varint(bytes, cursor);
    const [field, wireType] = [Math.floor(tag / 8), tag % 8];
    if (wireType !== 0 && wireType !== 2) throw new Error(`wire type ${wireType} at ${cursor.at}`);
    const value = varint(bytes, cursor);
    if (wireType === 2 && cursor.at + value > bytes.length) throw new Error(`field ${field} is cut off`);
    const content = wireType === 0 ? value : bytes.subarray(cursor.at, (cursor.at += value));
    fields.set(field, [...(fields.get(field) ?? []), content]);
  }
  return fields;
}

export function text(value: number | Uint8Array): string {
  return Buffer.from(value as Uint8Array).toString('utf8');
}

/** A number; 0 where the field is absent. */
export function whole(message: Message, field: number): number {
  return (message.get(field)?.[0] ?? 0) as number;
}

/** The numbers of a packed field; none where it is absent. */
export function packed(value: number | Uint8Array | undefined): number[] {
  const bytes = (value ?? new Uint8Array(0)) as Uint8Array;
  const cursor = { at: 0 };
  const numbers: number[] = [];
  while (cursor.at < bytes.length) numbers.push(varint(bytes, cursor));
  return numbers;
}

function varint(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) throw new Error('a number is cut off');
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}
