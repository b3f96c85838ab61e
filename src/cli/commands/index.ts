import type { Command } from '../command.ts';
import { apply } from './apply.ts';
import { bench } from './bench.ts';
import { explain } from './explain.ts';
import { init } from './init.ts';
import { inspect } from './inspect.ts';
import { observe } from './observe.ts';
import { plan } from './plan.ts';
import { run } from './run.ts';
import { sweep } from './sweep.ts';
import { verify } from './verify.ts';

/** Every command but `completion`, which the parser has, in the order of --help. */
export const commands: readonly Command[] = [run, plan, apply, sweep, observe, inspect, verify, bench, explain, init];
