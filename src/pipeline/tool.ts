import { createRequire } from 'node:module';

/** Name and version as package.json says them; they stand in plans and reports. */
export const tool: { readonly name: string; readonly version: string } = packageFacts();

function packageFacts(): { readonly name: string; readonly version: string } {
  const { name, version } = createRequire(import.meta.url)('onnx-tucker/package.json') as {
    name: string;
    version: string;
  };
  return { name, version };
}
