/** Gets the content of one entry, then its end. */
export interface ContentReader {
  read(bytes: Uint8Array): void
  /** A hole of so many zeros. */
  skip(bytes: number): void
  end(): void
}
