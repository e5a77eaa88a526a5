// JSON as the protocol writes it: integers that a double can't hold come out as their exact text.
import { Malformed } from "./malformed.ts";

// Cheap look whether there may be one at all: times in µs have 16 digits and begin with 1, so they do not trip it.
const MAY_BE_LARGE = /[[,:\s]-?(?:\d{17,}|9\d{15})[\],}\s]/;
// Whole tokens, so that neither digits inside a text nor the digits after a decimal point are taken for an integer.
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?\d{16,}$/;

/** Raises Malformed. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(MAY_BE_LARGE.test(text) ? quoteLargeIntegers(text) : text);
  } catch (error) {
    throw new Malformed(`not JSON: ${String(error)}`);
  }
}

function quoteLargeIntegers(text: string): string {
  return text.replace(TEXT_OR_NUMBER, (token) =>
    INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
}
