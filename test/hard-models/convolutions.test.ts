import { describe } from '@jest/globals';
import { convolutions } from './convolutions.ts';
import { testHardModels } from './test-hard-models.ts';

describe('hard models: convolutions', () => testHardModels(convolutions));
