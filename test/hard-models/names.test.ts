import { describe } from '@jest/globals';
import { names } from './names.ts';
import { testHardModels } from './test-hard-models.ts';

describe('hard models: names', () => testHardModels(names));
