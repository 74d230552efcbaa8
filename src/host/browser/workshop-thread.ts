/** A worker of a page that makes modules (host/workshop.ts). No interface: it is run by host/browser/workshop.ts. */
import { fillOrderMessage } from '../fill-orders.ts';
import type { OrderMessage } from '../workshop.ts';

onmessage = ({ data }: MessageEvent<OrderMessage>) => postMessage(fillOrderMessage(data));
