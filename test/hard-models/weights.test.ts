import { describe } from '@jest/globals';
import { testHardModels } from './test-hard-models.ts';
import { weights } from './weights.ts';

describe('hard models: weights', () => testHardModels(weights));
