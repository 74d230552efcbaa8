/** A thread of Node that makes modules (host/workshop.ts). No interface: it is run by host/node/workshop.ts. */
import { parentPort } from 'node:worker_threads';
import { fillOrderMessage } from '../fill-orders.ts';
import type { OrderMessage } from '../workshop.ts';

parentPort!.on('message', (message: OrderMessage) => parentPort!.postMessage(fillOrderMessage(message)));
