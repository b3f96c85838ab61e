export { type Config, configSchema, defineConfig } from './config.ts';
