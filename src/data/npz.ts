import { openPromise } from 'yauzl';
import { DiagnosticError, diagnostics } from '../diagnostics.ts';
import { type ByteSource, fileBytes, inflatedBytes, unreadable } from './byte-source.ts';

const stored = 0;
const deflated = 8;

/**
 * The arrays of an archive written by numpy.savez or numpy.savez_compressed, by name (without `.npy`). Nothing but the
 * directory is read; stored entries are read where they lie, deflated ones as a stream.
 *
 * @throws unreadable-data (7) not a zip archive, or cut short
 * @throws unsupported-array (2) an encrypted entry, or one compressed by another method
 */
export async function openNpz(path: string): Promise<ReadonlyMap<string, ByteSource>> {
  const zip = await openPromise(path, { autoClose: false }).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const arrays = new Map<string, ByteSource>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.endsWith('.npy')) continue;
      const place = `${path}: ${entry.fileName}`;
      if (entry.isEncrypted() || ![stored, deflated].includes(entry.compressionMethod)) {
        const message = 'the entry is encrypted or compressed in a way that numpy does not write';
        throw diagnostics.data('unsupported-array', message, { file: place });
      }
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const source =
        entry.compressionMethod === stored
          ? fileBytes(path, fileDataStart, entry.uncompressedSize, place)
          : inflatedBytes(path, fileDataStart, entry.compressedSize, entry.uncompressedSize, place);
      arrays.set(entry.fileName.slice(0, -'.npy'.length), source);
    }
  } catch (cause) {
    throw cause instanceof DiagnosticError ? cause : unreadable(path, cause);
  } finally {
    zip.close();
  }
  return arrays;
}
