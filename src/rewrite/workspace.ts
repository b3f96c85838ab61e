import type { KeptChannels } from '../channels/index.ts';
import type { OnEvent } from '../events.ts';
import { cloneModel, type Model, type Node } from '../ir/index.ts';
import { type Blas, type Fit, seededRandom } from '../numerics/index.ts';
import { inferShapes, type ShapeInfo } from '../onnx/index.ts';
import { type CleanupPass, isSkip, type PassContext, type PatternPass, type Ranks } from '../pass/index.ts';
import type { RequireGain } from './cost.ts';
import type { CurveServer } from './curve-server.ts';
import { describeGroups } from './describe-groups.ts';
import { editGraph } from './edit-graph.ts';
import type { Executor } from './execution-check.ts';
import type { GroupRecord } from './group-record.ts';
import { nodeNames } from './node-names.ts';
import { pruneSteps, type Stage } from './pipeline.ts';
import type { PrunedGroup } from './plan.ts';
import { type PrunedModel, type RemoveOptions, removeIdle, removePlanned } from './remove-filters.ts';

/** What planning and applying are given from outside. */
export interface Environment {
  readonly blas: Blas;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>;
  /** Runs rewritten operators for check (b); without it only check (a) is made. */
  readonly executor?: Executor;
  /** Computes errors of methods beside; without it all is done here. */
  readonly curves?: CurveServer;
}

export interface Policy {
  readonly requireGain: RequireGain;
  /** Nodes that may be factorized or lose filters, by name; --include and --exclude. */
  allows(name: string): boolean;
  /** Those that may lose filters, where these are others. */
  prunes?(name: string): boolean;
  /** Ranks that the user set by node name; they override the rank pass. */
  readonly ranks: Readonly<Record<string, readonly number[]>>;
}

/** What is removed before anything is factorized, and who wants to know. */
export interface Preparation {
  readonly stages: readonly Stage[];
  readonly policy: Pick<Policy, 'allows' | 'prunes'>;
  readonly pruned: readonly PrunedGroup[];
  onPruned?(removal: PrunedModel): void;
  /** Notes what becomes of groups of channels. */
  readonly record?: GroupRecord;
}

type Listeners = Pick<Preparation, 'onPruned' | 'record'>;

/** A model on its way through the pipeline, with the shapes that hold for it now. */
export class Workspace {
  readonly model: Model;
  readonly #environment: Environment;
  #shapes: ShapeInfo | undefined;
  /** Of the nodes as they came: a pass that changes a node's output must not change its name. */
  readonly #names: ReadonlyMap<Node, string>;
  readonly #kept = new Map<Node, KeptChannels>();
  readonly #losers = new Set<Node>();

  /** Works on a copy: the caller's model is never changed. */
  constructor(model: Model, environment: Environment) {
    this.model = cloneModel(model).model;
    this.#environment = environment;
    this.#names = nodeNames(this.model);
  }

  /** By which plans and reports know the nodes. */
  names(): ReadonlyMap<Node, string> {
    return nodeNames(this.model, this.#names);
  }

  get shapes(): ShapeInfo {
    this.#shapes ??= this.infer(this.model);
    return this.#shapes;
  }

  context<Options>(options: Options): PassContext<Options> {
    const workspace = this;
    return {
      options,
      model: this.model,
      get shapes() {
        return workspace.shapes;
      },
    };
  }

  /** Runs a canonicalize or cleanup pass; true when it changed the model. */
  run({ pass, options }: Stage): boolean {
    const changed =
      pass.kind === 'canonicalize'
        ? this.#runPattern(pass, options)
        : pass.kind === 'cleanup'
          ? this.#runCleanup(pass, options)
          : false;
    if (changed) this.changed();
    return changed;
  }

  /** Everything that comes before factorizing: canonicalize passes, then removals. True when any changed the model. */
  prepare({ stages, policy, pruned, ...listeners }: Preparation): boolean {
    let changed = this.runAll(stages, 'canonicalize');
    const steps = pruneSteps(stages);
    if (steps.length > 0) listeners.record?.open(describeGroups(this, policy));
    for (const { name, rule, isPlanned } of steps) {
      if (rule.count === undefined) changed = this.removeIdle(policy, listeners) || changed;
      const entries = isPlanned ? pruned.filter(({ pass }) => pass === name) : [];
      changed = this.removePlanned(entries, listeners) || changed;
    }
    return changed;
  }

  /** Removes filters that go at no loss. */
  removeIdle(policy: Preparation['policy'], listeners: Listeners = {}): boolean {
    const options = this.#removing(listeners, () => {});
    return this.#changed(removeIdle(this.model, this.mayLoseFilters(policy), options));
  }

  /** Removes filters that a plan does not keep. */
  removePlanned(entries: readonly PrunedGroup[], listeners: Listeners = {}): boolean {
    const options = this.#removing(listeners, (node) => this.#losers.add(node));
    return this.#changed(removePlanned(this.model, entries, options));
  }

  mayLoseFilters({ prunes, allows }: Preparation['policy']): (node: Node) => boolean {
    const names = this.names();
    return (node) => (prunes ?? allows)(names.get(node) ?? node.name);
  }

  /** Which channels of an operator are left, by their place in the canonicalized model; undefined where all are. */
  kept(node: Node): KeptChannels | undefined {
    return this.#kept.get(node);
  }

  /** Whether an operator lost inputs that did something: what is left of its weights should be fitted anew. */
  hasLostInputs(node: Node): boolean {
    return this.#losers.has(node);
  }

  /** Shapes of a model with the input shapes that the user gave. */
  infer(model: Model): ShapeInfo {
    const { inputShapes } = this.#environment;
    return inferShapes(model, inputShapes ? { inputShapes } : {});
  }

  #removing(listeners: Listeners, onLoss: (node: Node) => void): RemoveOptions {
    return {
      names: this.names(),
      infer: (model) => this.infer(model),
      ...listeners,
      onKept: (kept) => {
        for (const [node, now] of kept) {
          this.#kept.set(node, narrowed(this.#kept.get(node), now));
          if (now.lostReads) onLoss(node);
        }
      },
    };
  }

  #changed(changed: boolean): boolean {
    if (changed) this.changed();
    return changed;
  }

  /** Runs the stages of one kind in turn; true when any of them changed the model. */
  runAll(stages: readonly Stage[], kind: 'canonicalize' | 'cleanup'): boolean {
    let changed = false;
    for (const stage of stages) if (stage.pass.kind === kind) changed = this.run(stage) || changed;
    return changed;
  }

  /** Shapes are inferred anew when somebody asks next. */
  changed(): void {
    this.#shapes = undefined;
  }

  #runPattern(pass: PatternPass, options: unknown): boolean {
    let changed = false;
    for (const node of [...this.model.graph.nodes]) {
      if (node.graph !== this.model.graph) continue;
      const context = this.context(options);
      const match = pass.match(node, context);
      if (match === null || isSkip(match)) continue;
      if (editGraph(this.model, node, (edit) => pass.rewrite(match, edit, context))) changed = true;
    }
    return changed;
  }

  #runCleanup(pass: CleanupPass, options: unknown): boolean {
    const { graph } = this.model;
    return editGraph(this.model, undefined, (edit) => pass.run(graph, edit, this.context(options)));
  }
}

/** Places after two removals, by those before the first. */
function narrowed(before: KeptChannels | undefined, now: KeptChannels): KeptChannels {
  const along = (side: 'inputs' | 'outputs') => {
    const [old, places] = [before?.[side], now[side]];
    return old && places ? places.map((place) => old[place] as number) : (places ?? old);
  };
  return {
    inputs: along('inputs'),
    outputs: along('outputs'),
    lostReads: now.lostReads || (before?.lostReads ?? false),
  };
}

/** Fits made while planning, for the rewrite that follows: keyed by node, method and ranks. */
export class FitCache {
  readonly #fits = new Map<string, Promise<Fit>>();

  fit(name: string, pass: string, ranks: Ranks, compute: () => Promise<Fit>): Promise<Fit> {
    const key = JSON.stringify([name, pass, Object.entries(ranks).sort()]);
    const known = this.#fits.get(key);
    if (known) return known;
    const fit = compute();
    this.#fits.set(key, fit);
    return fit;
  }

  /** Forgets what was fitted for a node, once it is rewritten. */
  drop(name: string): void {
    for (const key of this.#fits.keys()) if (JSON.parse(key)[0] === name) this.#fits.delete(key);
  }
}

/** A seed of its own for each purpose at each node, so that one node's numbers do not depend on another's. */
export function nodeSeed(seed: number, name: string, purpose: string): number {
  return Math.floor(seededRandom(seed, `${name}/${purpose}`).uniform() * 2 ** 31);
}
