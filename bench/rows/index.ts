import type { Benchmark } from '../lib/Benchmark.ts';
import { compaction } from './compaction.ts';
import { feedAvalanche } from './feedAvalanche.ts';
import { feedFanout } from './feedFanout.ts';
import { feedJitter } from './feedJitter.ts';
import { hostToGone } from './hostToGone.ts';
import { importCost } from './importCost.ts';
import { kernelStart, kernelThroughput } from './kernel.ts';
import { loopDelay } from './loopDelay.ts';
import { messageRate } from './messageRate.ts';
import { toolCalls } from './toolCalls.ts';
import { modelCalls } from './modelCalls.ts';
import { pendingTasks } from './pendingTasks.ts';
import { startLatency } from './startLatency.ts';
import { stopToGone } from './stopToGone.ts';
import { submitRate } from './submitRate.ts';
import { throughput } from './throughput.ts';
import { tokenCount } from './tokenCount.ts';
import { tree } from './tree.ts';

/** All benchmarks, in the order in which they run. */
export const BENCHMARKS: readonly Benchmark[] = [
  toolCalls,
  startLatency, throughput, submitRate, pendingTasks, importCost, loopDelay, messageRate, feedFanout, feedJitter, feedAvalanche, compaction,
  kernelStart, kernelThroughput, stopToGone, hostToGone, tokenCount, modelCalls, tree,
];
