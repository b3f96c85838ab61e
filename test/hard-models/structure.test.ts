import { describe } from '@jest/globals';
import { structures } from './structure.ts';
import { testHardModels } from './test-hard-models.ts';

describe('hard models: structure', () => testHardModels(structures));
