/** A message that breaks the protocol. `code` is stable; the text names the offending value, `remedy` the way out. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";

  constructor(
    readonly code: string,
    message: string,
    readonly remedy: string,
  ) {
    super(`${message}; ${remedy}`);
  }
}
