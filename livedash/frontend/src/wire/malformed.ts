// The one error of wire/: the peer sent what is no message of the protocol.

/** A retry over the same transport can't help; another transport may (a proxy that rewrites bodies). */
export class Malformed extends Error {
  override readonly name = "Malformed";
}
