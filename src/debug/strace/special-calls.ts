/**
 * Calls whose line says more, or less, than their row does. Interface: SPECIAL_CALLS.
 */
import type { SpecialCalls } from './call.ts';
import { descriptorCalls } from './descriptor-calls.ts';
import { fileCalls } from './file-calls.ts';
import { processCalls } from './process-calls.ts';
import { signalCalls } from './signal-calls.ts';

export const SPECIAL_CALLS: SpecialCalls = { ...fileCalls, ...descriptorCalls, ...processCalls, ...signalCalls };
