import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CompiledModule, ModuleOrder } from '../machine/workshop.ts';
import { fillOrderMessage } from './fill-orders.ts';
import { Workshops, type ModuleMessage, type OpenThread, type OrderMessage } from './workshop.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ORDER = { layout: {}, host: { fusedMadd: false }, batch: [] } as unknown as ModuleOrder;
const BAD_ORDER = { ...ORDER, batch: [{ region: { blocks: [{ at: 0, words: [0] }] } }] } as unknown as ModuleOrder;
const EMPTY_MODULE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

class FakeThread {
  events!: Parameters<OpenThread>[0];
  sent: OrderMessage[] = [];
  opened = 0;
  closed = 0;

  readonly open: OpenThread = (events) => {
    this.opened++;
    this.events = events;
    return { send: (message) => void this.sent.push(message), close: () => void this.closed++ };
  };

  answer(made: ModuleMessage['made']): void {
    this.events.came({ id: this.sent.shift()!.id, made });
  }
}

function openWorkshop(): { thread: FakeThread; workshops: Workshops } {
  const thread = new FakeThread();
  const workshops = new Workshops(thread.open);
  expect(workshops.get()).toBeUndefined();
  thread.events.isUp();
  return { thread, workshops };
}

it('opens one thread, and has a workshop when it is up', () => {
  const { thread, workshops } = openWorkshop();
  expect(workshops.get()).toBeDefined();
  expect(workshops.get()).toBe(workshops.get());
  expect(thread.opened).toBe(1);
});

it('gives each order its own module', () => {
  const { thread, workshops } = openWorkshop();
  const came: (CompiledModule | undefined)[] = [];
  for (let i = 0; i < 2; i++) workshops.get()!.order(ORDER, (made) => came.push(made));
  thread.answer({ module: new WebAssembly.Module(EMPTY_MODULE), bytes: EMPTY_MODULE });
  thread.answer(undefined);
  expect(came[0]!.bytes).toBe(EMPTY_MODULE);
  expect(came[0]!.instantiate({ buffer: new ArrayBuffer(0), handle: undefined }, {})).toEqual({});
  expect(came[1]).toBeUndefined();
});

it('is busy while several orders wait', () => {
  const { thread, workshops } = openWorkshop();
  const workshop = workshops.get()!;
  while (!workshop.isBusy) workshop.order(ORDER, () => {});
  expect(thread.sent.length).toBe(4);
  thread.answer(undefined);
  expect(workshop.isBusy).toBe(false);
});

it('leaves orders undone when the thread breaks, and opens no other', () => {
  const { thread, workshops } = openWorkshop();
  const came: unknown[] = [];
  workshops.get()!.order(ORDER, (made) => came.push(made));
  thread.events.broke();
  expect(came).toEqual([undefined]);
  expect(workshops.get()).toBeUndefined();
  expect(thread.opened).toBe(1);
});

it('closes an idle thread, but not one with orders, and opens it again when it is asked for', () => {
  const { thread, workshops } = openWorkshop();
  workshops.get()!.order(ORDER, () => {});
  vi.advanceTimersByTime(25_000);
  expect(thread.closed).toBe(0);
  thread.answer(undefined);
  vi.advanceTimersByTime(25_000);
  expect(thread.closed).toBe(1);
  expect(workshops.get()).toBeUndefined();
  expect(thread.opened).toBe(2);
});

it('goes without where there can be no thread', () => {
  const open = vi.fn(() => undefined);
  const workshops = new Workshops(open);
  expect([workshops.get(), workshops.get()]).toEqual([undefined, undefined]);
  expect(open).toHaveBeenCalledTimes(1);
});

it('says when an order cannot be filled', () => {
  expect(fillOrderMessage({ id: 7, order: BAD_ORDER })).toEqual({ id: 7, made: undefined });
});
