import { describe } from '@jest/globals';
import { matrices } from './matrices.ts';
import { testHardModels } from './test-hard-models.ts';

describe('hard models: matrices', () => testHardModels(matrices));
