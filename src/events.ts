import type { Diagnostic } from './diagnostics.ts';

/** What a long call tells about itself. Rooms emit events; only the command line turns them into text. */
export type Event =
  | {
      readonly kind: 'stage';
      readonly stage: Stage;
      readonly state: 'start' | 'end';
      readonly seconds?: number;
      readonly text?: string;
    }
  | {
      readonly kind: 'progress';
      readonly stage: Stage;
      readonly done: number;
      readonly total: number;
      readonly item?: string;
    }
  | { readonly kind: 'warning'; readonly diagnostic: Diagnostic };

export type Stage =
  | 'read'
  | 'hash'
  | 'observe'
  | 'prune'
  | 'plan'
  | 'factorize'
  | 'write'
  | 'verify'
  | 'evaluate'
  | 'bench'
  | 'sweep';

export type OnEvent = (event: Event) => void;
