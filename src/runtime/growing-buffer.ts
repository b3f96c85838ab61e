/** Memory that is used again and again, and grows to what was needed so far. */
export class GrowingBuffer {
  #buffer = new ArrayBuffer(0);

  /** Contents are what the last use left. */
  take(bytes: number): ArrayBuffer {
    if (this.#buffer.byteLength < bytes) this.#buffer = new ArrayBuffer(bytes);
    return this.#buffer;
  }
}
