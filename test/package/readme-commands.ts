/** Lines of a document's shell blocks that call the command, continuation lines joined. */
export function commandsOf(markdown: string): string[] {
  return [...markdown.matchAll(/```sh\n(.*?)```/gs)]
    .flatMap(([, text = '']) => text.replaceAll(/\\\n\s*/g, '').split('\n'))
    .filter((line) => line.startsWith('npx onnx-tucker '));
}

/** Words of a command line with single quotes, as the documents write them. */
export function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** Files that a command must leave behind. */
export function outputsOf(line: string): string[] {
  return words(line)
    .slice(3)
    .filter((word) => /^(small|planned)\.onnx$|^(plan\.json|report\.html|frontier\.(svg|csv))$/.test(word));
}
