/** The work of a workshop's thread. Interface: fillOrderMessage. */
import { fillOrder } from '../machine/workshop.ts';
import type { ModuleMessage, OrderMessage } from './workshop.ts';

/** Builds and compiles what a message orders; whoever ordered it finds out why it fails. */
export function fillOrderMessage({ id, order }: OrderMessage): ModuleMessage {
  try {
    const bytes = fillOrder(order);
    return { id, made: { module: new WebAssembly.Module(bytes as BufferSource), bytes } };
  } catch {
    return { id, made: undefined };
  }
}
