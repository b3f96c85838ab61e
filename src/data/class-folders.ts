import { type Diagnostic, diagnostics } from '../diagnostics.ts';

export interface ClassFolders {
  /** Folder names in the order of their labels. */
  readonly classes: readonly string[];
  /** One label per file. */
  readonly labels: Int32Array;
  readonly warning: Diagnostic | undefined;
}

/**
 * Labels from class folders: the topmost folders, sorted by code unit, are classes 0, 1, … . Undefined where a file
 * lies outside every folder.
 *
 * @param files paths below the root, with forward slashes
 */
export function classFolders(files: readonly string[], place: string): ClassFolders | undefined {
  const folders = files.map((file) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : undefined));
  const named = folders.filter((folder) => folder !== undefined);
  if (named.length < files.length) return undefined;
  const classes = [...new Set(named)].sort((a, b) => (a < b ? -1 : 1));
  const index = new Map(classes.map((name, label) => [name, label]));
  return {
    classes,
    labels: Int32Array.from(named, (folder) => index.get(folder) ?? -1),
    warning: numericOrder(classes, place),
  };
}

/** Folders named 0 … 10 sort as 0, 1, 10, 2: right for a model trained that way, a surprise for every other. */
function numericOrder(classes: readonly string[], place: string): Diagnostic | undefined {
  const moved = classes.findIndex((name, label) => /^\d+$/.test(name) && Number(name) !== label);
  if (moved < 0 || !classes.every((name) => /^\d+$/.test(name))) return undefined;
  const message = `class folders are labelled in sorted order: folder "${classes[moved]}" is label ${moved}`;
  return diagnostics.warning(
    'class-order',
    message,
    { file: place },
    'pad the names with zeros if they are meant as labels',
  );
}
