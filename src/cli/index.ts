/** What the library shows of the command: the configuration's type. The command itself starts in main.ts. */
export { type Config, defineConfig } from './config.ts';
